"""A release's units, with what systemd would say of them."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import instance as instances
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import (
    Instance,
    drain_with_units_of,
    loaded_releases,
    without_draining,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.restarts import RestartWatcher
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._shared import layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

SHOP = Layout("shop")
Say = Callable[..., None]

LOADED = [
    "asgi-shop@v1.4.2-0a1b2c3d.socket",
    "asgi-shop@v1.4.2-0a1b2c3d.service",
    "asgi-shop@v2-ffffffff.service",
    "asgi-shop.drain@v0-00000000.service",
    "asgi-shop.command@v3-33333333.service",
    "asgi-shop-two@v9-99999999.socket",
    "asgi-boot@shop.service",
]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    """Set what systemd says of units."""

    def said(**units: dict[str, str]) -> None:
        states = {name.replace("_AT_", "@"): properties for name, properties in units.items()}

        def show(*names: str) -> list[Unit]:
            return [Unit(name, next((states[key] for key in states if key in name), {})) for name in names]

        monkeypatch.setattr(systemd, "show", show)

    return said


def test_names() -> None:
    instance = Instance(SHOP, "v1-0a1b2c3d")
    assert instance.units == {
        "service": "asgi-shop@v1-0a1b2c3d.service",
        "socket": "asgi-shop@v1-0a1b2c3d.socket",
        "command": "asgi-shop.command@v1-0a1b2c3d.service",
        "drain": "asgi-shop.drain@v1-0a1b2c3d.service",
    }
    assert instance.files["drain"] == Path("/etc/systemd/system/asgi-shop.drain@v1-0a1b2c3d.service")


@pytest.mark.parametrize(
    ("gone", "asked"),
    [
        ("nothing", [["start", "asgi-shop.drain@v1-0a1b2c3d.service"]]),
        ("program", [["start", "asgi-shop.drain@v1-0a1b2c3d.service"]]),
        ("unit", [["reload"], ["start", "asgi-shop.drain@v1-0a1b2c3d.service"]]),
        ("folder", [["stop", "asgi-shop@v1-0a1b2c3d.socket", "asgi-shop@v1-0a1b2c3d.service"]]),
    ],
)
def test_a_release_is_drained_whatever_of_it_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gone: str, asked: list[list[str]]
) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(instances, "UNITS", tmp_path)
    monkeypatch.setattr(systemd, "start_soon", lambda *names: calls.append(["start", *names]))
    monkeypatch.setattr(systemd, "stop_soon", lambda *names: calls.append(["stop", *names]))
    monkeypatch.setattr(systemd, "daemon_reload", lambda: calls.append(["reload"]))
    layout = Layout("shop", PurePosixPath(tmp_path, "srv"))
    for release in ("v1-0a1b2c3d", "v2-ffffffff"):
        program, unit = Path(layout.release(release), "drain.sh"), Instance(layout, release).files["drain"]
        program.parent.mkdir(parents=True)
        program.write_text(release, encoding="utf-8")
        unit.write_text("[Service]\n", encoding="utf-8")
    program, unit = Path(layout.release("v1-0a1b2c3d"), "drain.sh"), Instance(layout, "v1-0a1b2c3d").files["drain"]
    if gone in ("program", "folder"):
        program.unlink()
    if gone == "folder":
        program.parent.rmdir()
    if gone == "unit":
        unit.unlink()
    drain_with_units_of(layout, "v1-0a1b2c3d", "v2-ffffffff")
    assert calls == asked
    assert (program.exists(), unit.exists()) == (gone != "folder", True)


def test_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        systemd,
        "list_units",
        lambda *patterns: [item for pattern in patterns for item in fnmatch.filter(LOADED, pattern)],
    )
    assert loaded_releases(SHOP) == {"v1.4.2-0a1b2c3d", "v2-ffffffff"}
    assert loaded_releases(Layout("shop-two")) == {"v9-99999999"}
    assert loaded_releases(Layout("two")) == set()


@pytest.mark.parametrize(
    ("state", "draining"), [("activating", True), ("inactive", False), ("failed", False), ("active", False)]
)
def test_draining(say: Say, state: str, draining: bool) -> None:
    say(**{"drain_AT_v1": {"ActiveState": state}})
    assert Instance(SHOP, "v1").is_draining() is draining
    assert without_draining(SHOP, ["v1", "v2"]) == ({"v2"} if draining else {"v1", "v2"})


UP = {"ActiveState": "active", "NRestarts": "0"}


@pytest.mark.parametrize(
    ("service", "socket", "up"),
    [
        (UP, UP, True),
        (UP, {"ActiveState": "inactive"}, False),
        ({"ActiveState": "activating"}, UP, False),
        ({**UP, "NeedDaemonReload": "yes"}, UP, False),
        (UP, {**UP, "NeedDaemonReload": "yes"}, False),
        ({}, {}, False),
    ],
)
def test_up(say: Say, service: dict[str, str], socket: dict[str, str], up: bool) -> None:
    say(**{".service": service, ".socket": socket})
    assert Instance(SHOP, "v1").is_up() is up
    say(**{".drain": {"ActiveState": "activating"}, ".service": service, ".socket": socket})
    assert Instance(SHOP, "v1").is_draining()


@pytest.mark.parametrize(
    ("later", "text"),
    [
        (UP, None),
        (
            {"ActiveState": "activating", "NRestarts": "1", "ExecMainCode": "1", "ExecMainStatus": "3"},
            "the service does not stay up: its process ended with status 3",
        ),
        (
            {"ActiveState": "failed", "ExecMainCode": "2", "ExecMainStatus": "11", "Result": "core-dump"},
            "the service does not stay up: its process was ended by signal 11 (result core-dump)",
        ),
    ],
)
def test_trouble(say: Say, later: dict[str, str], text: str | None) -> None:
    say(service=UP)
    trouble = RestartWatcher({"asgi-shop@v1.service": "the service"})
    assert trouble() is None
    say(service=later)
    assert trouble() == text


def test_trouble_of_a_service_that_is_up_again(say: Say) -> None:
    """systemd has forgotten how the process before ended; nothing is made up for it."""
    say(service=UP)
    trouble = RestartWatcher({"asgi-shop@v1.service": "the service"})
    say(service={**UP, "NRestarts": "1", "ExecMainCode": "0", "ExecMainStatus": "0", "Result": "success"})
    text = str(trouble())
    assert text.startswith("the service does not stay up")
    assert "signal" not in text


def test_processes_of_a_service_that_is_down(say: Say) -> None:
    say(service={"MainPID": "0"})
    assert Instance(SHOP, "v1").processes() == set()
    assert Instance(SHOP, "v1").memory() == 0


def test_who_was_replaced_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a folder that its drain has as well, and that may be there already, or not any more."""
    monkeypatch.setattr(layout, "DRAINING", PurePosixPath(tmp_path) / "draining")
    instance, mark = Instance(SHOP, "v1-0a1b2c3d"), tmp_path / "draining" / "shop@v1-0a1b2c3d"
    old = os.umask(0o077)
    try:
        for _time in range(2):
            instance.mark_replaced()
            assert [path.stat().st_mode & 0o777 for path in (mark.parent, mark)] == [0o755, 0o755]
    finally:
        os.umask(old)
    for _time in range(2):
        instance.mark_ready()
        assert not mark.exists()
