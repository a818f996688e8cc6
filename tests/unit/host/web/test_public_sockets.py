"""Sockets of applications without nginx, by the units on disk."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.web.public_sockets import public_sockets


def test_public_listeners_are_known_by_their_ports(tmp_path: Path) -> None:
    (tmp_path / "asgi-shop.public.socket").write_text("[Socket]\nListenStream=443\n")
    (tmp_path / "asgi-blog.public.socket").write_text("[Socket]\nListenStream=8443\n")
    (tmp_path / "asgi-odd.public.socket").write_text("# ListenStream=80\nListenStream=/run/odd\n")
    (tmp_path / "asgi-shop@v1.socket").write_text("[Socket]\nListenStream=80\n")
    assert public_sockets([80, 443], tmp_path) == {443: "asgi-shop.public.socket"}
