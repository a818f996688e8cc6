"""Sockets whose units change: what is done of them, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import pending_units, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._host.web import socket_units
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.socket_units import ChangedSockets
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TO_SERVICE, TO_SOCKETS

SHOP, BLOG = "asgi-shop.public.socket", "asgi-blog.public.socket"


def unit_file(name: str, state: str = "file") -> ManagedFile:
    return ManagedFile(Path("/etc/systemd/system", name), state, b"", 0o644, "root", "root")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Return what systemd is asked for, on a host where both sockets are up and a service needs the first."""
    calls: list[list[str]] = []
    monkeypatch.setattr(pending_units, "PENDING", tmp_path)
    monkeypatch.setattr(systemd, "show", lambda *names, **_: [Unit(name, {"ActiveState": "active"}) for name in names])
    monkeypatch.setattr(systemd, "dependents", lambda name: ["asgi-shop@v1.service"] if name == SHOP else [])
    monkeypatch.setattr(socket_units, "_RUNTIME_UNITS", tmp_path / "units")
    monkeypatch.setattr(socket_units, "port_owners", lambda _ports: {})
    for verb in ("daemon_reload", "reload_and_restart", "reset_failed", "restart", "start", "stop_running"):
        monkeypatch.setattr(systemd, verb, lambda *names, verb=verb: calls.append([verb, *names]))
    return calls


def test_one_that_changes_and_one_that_goes(asked: list[list[str]]) -> None:
    listeners = ChangedSockets([unit_file(SHOP), unit_file(BLOG, "absent"), unit_file("asgi-shop.public.service")])
    assert (listeners.changed, asked) == ([SHOP], [])
    listeners.restart()
    listeners.stop_removed()
    assert asked == [["reload_and_restart", SHOP], ["stop_running", BLOG], ["reset_failed", BLOG]]


def test_one_that_goes_is_closed_for_all_processes(asked: list[list[str]], tmp_path: Path) -> None:
    """By a service that systemd gives the listener to, which systemd knows while the socket's unit is still there."""
    closer = ChangedSockets([unit_file(SHOP), unit_file(BLOG, "absent")]).closer()
    unit = tmp_path / "units" / "asgi-blog.public.close.service"
    assert f"Sockets={BLOG}\n" in unit.read_text()
    assert asked == [["daemon_reload"]]
    closer.close()
    assert asked[1:] == [["start", unit.name]]
    closer.remove()
    assert not unit.exists()


def test_where_none_goes_nothing_is_closed(asked: list[list[str]]) -> None:
    closer = ChangedSockets([unit_file(SHOP)]).closer()
    closer.close()
    closer.remove()
    assert asked == []


def test_one_that_gets_a_port_stops_before_it_and_starts_after_it(asked: list[list[str]]) -> None:
    sockets = ChangedSockets([unit_file(SHOP)])
    sockets.stop_changed()
    assert asked == [["stop_running", SHOP], ["daemon_reload"]]
    sockets.take_ports()
    assert asked[2:] == [["start", SHOP, "asgi-shop@v1.service"]]


@pytest.mark.parametrize(
    ("goes_to", "state", "before"),
    [
        (TO_SOCKETS, "file", [["stop_running", SHOP], ["daemon_reload"]]),
        (TO_SERVICE, "absent", [["daemon_reload"], ["restart", SHOP]]),
    ],
)
def test_what_has_moved_comes_back(asked: list[list[str]], goes_to: str, state: str, before: list[list[str]]) -> None:
    """A socket that has the new port gives it up; one that was closed counts as up, and needs a restart."""
    ChangedSockets([unit_file(SHOP, state)]).restore(goes_to)
    assert asked == [*before, ["start", SHOP, "asgi-shop@v1.service"]]


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
