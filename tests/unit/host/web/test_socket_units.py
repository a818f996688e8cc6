"""Sockets whose units change: what is done of them, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import pending_units, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.socket_units import ChangedSockets

SHOP, BLOG = "asgi-shop.public.socket", "asgi-blog.public.socket"


def unit_file(name: str, state: str = "file") -> ManagedFile:
    return ManagedFile(Path("/etc/systemd/system", name), state, b"", 0o644, "root", "root")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Return what systemd is asked for, on a host where both sockets are up and a service needs the first."""
    calls: list[list[str]] = []
    monkeypatch.setattr(pending_units, "PENDING", tmp_path)
    monkeypatch.setattr(systemd, "show", lambda *names, **_: [Unit(one, {"ActiveState": "active"}) for one in names])
    monkeypatch.setattr(systemd, "dependents", lambda name: ["asgi-shop@v1.service"] if name == SHOP else [])
    for verb in ("daemon_reload", "reload_and_restart", "start", "stop_running"):
        monkeypatch.setattr(systemd, verb, lambda *names, verb=verb: calls.append([verb, *names]))
    return calls


def test_one_that_changes_and_one_that_goes(asked: list[list[str]]) -> None:
    listeners = ChangedSockets([unit_file(SHOP), unit_file(BLOG, "absent"), unit_file("asgi-shop.public.service")])
    assert (listeners.changed, asked) == ([SHOP], [])
    listeners.restart()
    listeners.stop_removed()
    assert asked == [["reload_and_restart", SHOP], ["stop_running", BLOG]]


def test_what_was_there_comes_back_with_its_services(asked: list[list[str]], tmp_path: Path) -> None:
    listeners = ChangedSockets([unit_file(SHOP)])
    (tmp_path / SHOP).touch()  # as the run that is refused has it
    listeners.restore()
    assert asked == [["daemon_reload"], ["start", SHOP, "asgi-shop@v1.service"]]
    assert not (tmp_path / SHOP).exists()


def test_what_a_killed_run_left_to_do_stays_to_be_done(tmp_path: Path) -> None:
    (tmp_path / SHOP).touch()
    ChangedSockets([unit_file(SHOP)]).restore()
    assert (tmp_path / SHOP).exists()
