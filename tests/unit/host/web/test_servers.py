"""Whose server in nginx has a name."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.web.servers import server_owners

SITE = """\
server {
    include /etc/nginx/asgi/http.conf;
    server_name shop.example.com [2001:db8::1];
}
server {
    server_name www.example.com;
}
"""


def test_all_names_of_all_servers_count(tmp_path: Path) -> None:
    (tmp_path / "shop.conf").write_text(SITE)
    (tmp_path / "blog.conf").write_text("upstream asgi_blog { server unix:/x; }\n# server_name shop.example.com;\n")
    for name in ("shop.example.com", "www.example.com", "[2001:db8::1]"):
        assert server_owners([name], tmp_path) == ["shop"]
    assert server_owners(["example.com"], tmp_path) == server_owners([], tmp_path) == []
    assert server_owners(["shop.example.com"], tmp_path / "none") == []
