"""The background units of a release, with what systemd would show of them."""

from __future__ import annotations

import fnmatch
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import background
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import (
    BackgroundUnits,
    busy_releases,
    find_loaded,
    latest_by_timer,
    releases_at_work,
    switch_background_units,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.restarts import RestartWatcher
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.unit_checks import (
    describe_kind,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

SHOP = Layout("shop")
OLD, NEW = "v1-0a1b2c3d", "v2-ffffffff"
KINDS = ("live", "process-worker-1", "process-worker-2", "process-beat-1", "job-tick", "timer-tick")
UP = {"ActiveState": "active", "LoadState": "loaded", "NRestarts": "0"}


class Host:
    """systemd as these tests want it: unit files, the states of units, and what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.states: dict[str, dict[str, str]] = {}
        self.done: list[tuple[str, list[str]]] = []

    def install(self, layout: Layout, release: str, state: str | None = None, exclusive: str = "beat") -> None:
        for kind in KINDS:
            name = layout.unit(kind, release)
            text = (
                f'[Service]\nExecStart="python" "-m" "x"\n[X-ASGI]\nExclusive={"yes" if exclusive in kind else "no"}\n'
            )
            (self.folder / name).write_text(text, encoding="utf-8")
            if state and not kind.startswith("job"):
                self.states[name] = {**UP, "ActiveState": state}

    def show(self, *names: str, properties: str = "") -> list[Unit]:
        return [Unit(name, self.states.get(name, {"ActiveState": "inactive", "LoadState": "loaded"})) for name in names]

    def listed(self, *patterns: str, states: str | None = None) -> list[str]:
        requested = states.split(",") if states else None
        return [
            name
            for name, properties in self.states.items()
            if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
            and (requested is None or properties["ActiveState"] in requested)
        ]

    def states_of(self, *patterns: str) -> dict[str, str]:
        return {name: self.states[name]["ActiveState"] for name in self.listed(*patterns)}

    def attempt(self, argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.done.append((argv[1], argv[argv.index("--") + 1 :]))
        return subprocess.CompletedProcess(argv, 0, "", "")

    def asked(self, verb: str) -> list[list[str]]:
        return [[self.short(name) for name in names] for done, names in self.done if done == verb]

    @staticmethod
    def short(name: str) -> str:
        return name.removeprefix("asgi-shop.").split(".")[0] if name.startswith("asgi-shop.") else name


@pytest.fixture(name="host")
def a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    units, stamps = tmp_path / "units", tmp_path / "stamps"
    units.mkdir()
    stamps.mkdir()
    host = Host(units)
    monkeypatch.setattr(background, "UNITS", units)
    monkeypatch.setattr(background, "STAMPS", stamps)
    monkeypatch.setattr(systemd, "run_unchecked", host.attempt)
    monkeypatch.setattr(systemd, "show", host.show)
    monkeypatch.setattr(systemd, "list_units", host.listed)
    monkeypatch.setattr(systemd, "unit_states", host.states_of)
    monkeypatch.setattr(systemd, "stop_soon", lambda *names: host.done.append(("stop_soon", list(names))))
    monkeypatch.setattr(systemd, "start_soon", lambda *names: host.done.append(("start_soon", list(names))))
    monkeypatch.setattr(systemd, "reset_failed", lambda *names: None)
    return host


def test_units_of_a_release(host: Host) -> None:
    host.install(SHOP, OLD)
    host.install(SHOP, NEW)
    host.install(Layout("shop-two"), OLD)
    actual = BackgroundUnits(SHOP, OLD)
    assert actual.processes == [
        SHOP.unit(kind, OLD) for kind in ("process-beat-1", "process-worker-1", "process-worker-2")
    ]
    assert actual.timers == [SHOP.unit("timer-tick", OLD)]
    assert actual.jobs == [SHOP.unit("job-tick", OLD)]
    assert actual.exclusive() == [SHOP.unit("process-beat-1", OLD)]


@pytest.mark.parametrize(
    ("changes", "up"),
    [
        ({}, True),
        ({"process-worker-2": {"ActiveState": "failed"}}, False),
        ({"process-worker-2": {"ActiveState": "activating"}}, False),
        ({"timer-tick": {"ActiveState": "inactive"}}, False),
        ({"live": {"ActiveState": "inactive"}}, False),
        ({"process-worker-1": {**UP, "NeedDaemonReload": "yes"}}, False),
        ({"job-tick": {"ActiveState": "failed"}}, True),
    ],
)
def test_up(host: Host, changes: dict[str, dict[str, str]], up: bool) -> None:
    host.install(SHOP, OLD, "active")
    host.states.update({SHOP.unit(kind, OLD): properties for kind, properties in changes.items()})
    assert BackgroundUnits(SHOP, OLD).is_up() is up


def test_up_without_any(host: Host) -> None:
    assert BackgroundUnits(SHOP, OLD).is_up()
    assert not BackgroundUnits(SHOP, OLD, ["service", "live", "process-worker-1"]).is_up(), (
        "requested, but not there yet"
    )


def test_switch_to_a_release(host: Host) -> None:
    """The old ones begin to stop first; only the exclusive one is waited for, and starts last."""
    host.install(SHOP, OLD, "active")
    host.install(SHOP, NEW)
    switch_background_units(SHOP, NEW)
    assert [verb for verb, _ in host.done] == ["stop_soon", "start", "stop", "start"]
    stopped = host.asked("stop_soon")[0]
    assert f"job-tick@{OLD}" in stopped, "its timer"
    assert all(name.endswith(OLD) for name in stopped)
    first, last = host.asked("start")
    assert first == [f"process-worker-1@{NEW}", f"process-worker-2@{NEW}", f"job-tick@{NEW}"]
    assert host.asked("stop") == [[f"process-beat-1@{OLD}"]]
    assert {f"process-beat-1@{NEW}", f"live@{NEW}"} <= set(last)


@pytest.mark.parametrize(("old", "new"), [("beat", "nothing"), ("nothing", "beat"), ("beat", "beat")])
def test_exclusive_in_either_release(host: Host, old: str, new: str) -> None:
    host.install(SHOP, OLD, "deactivating", exclusive=old)
    host.install(SHOP, NEW, exclusive=new)
    switch_background_units(SHOP, NEW)
    assert host.asked("stop") == [[f"process-beat-1@{OLD}"]]


def test_going_back_does_not_wait_for_a_start(host: Host) -> None:
    host.install(SHOP, OLD, "deactivating")
    host.install(SHOP, NEW, "active")
    switch_background_units(SHOP, OLD, wait=False)
    assert [verb for verb, _ in host.done] == ["stop_soon", "start_soon", "stop", "start_soon"]


def test_switch_to_a_release_without_background_units(host: Host) -> None:
    host.install(SHOP, OLD, "active")
    switch_background_units(SHOP, NEW)
    assert [verb for verb, _ in host.done] == ["stop_soon", "stop"]


def test_process_that_cannot_be_started(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.install(SHOP, NEW)
    ended = {"ActiveState": "failed", "ExecMainCode": "1", "ExecMainStatus": "203", "Result": "exit-code"}
    host.states = {SHOP.unit(kind, NEW): UP for kind in KINDS} | {SHOP.unit("process-worker-2", NEW): ended}
    monkeypatch.setattr(
        systemd, "run_unchecked", lambda argv, **_: subprocess.CompletedProcess(argv, 1, "", "Job failed.")
    )
    monkeypatch.setattr(journal, "read", lambda names, *_: f"log of {', '.join(names)}")
    with pytest.raises(DeployError) as error:
        switch_background_units(SHOP, NEW)
    assert error.value.reason == (
        "not all of its units could be started: process worker (2): its process ended with status 203"
    )
    assert error.value.log == f"log of asgi-shop.process-worker-2@{NEW}.service"


@pytest.mark.parametrize(
    ("state", "working", "occupied"),
    [("active", True, True), ("activating", True, True), ("deactivating", False, True), ("failed", False, False)],
)
def test_at_work_and_busy(host: Host, state: str, working: bool, occupied: bool) -> None:
    host.states = {SHOP.unit("process-worker-1", OLD): {"ActiveState": state}}
    assert releases_at_work(SHOP) == ({OLD} if working else set())
    assert busy_releases(SHOP) == ({OLD} if occupied else set())


@pytest.mark.parametrize("kind", ["job-tick", "exec-18ea64c9b1175ced"])
def test_a_job_or_a_command_keeps_its_release_and_nothing_more(host: Host, kind: str) -> None:
    host.states = {SHOP.unit(kind, OLD): {"ActiveState": "activating"}}
    assert (releases_at_work(SHOP), busy_releases(SHOP)) == (set(), {OLD})


def test_one_query_distinguishes_all_releases(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose server has failed is loaded; a unit that drains or pauses it is no background unit."""
    asked: list[tuple[str, ...]] = []
    host.states = {
        **{SHOP.unit(kind, NEW): UP for kind in ("service", "socket", "live", "process-worker-1", "timer-tick")},
        SHOP.unit("service", OLD): {"ActiveState": "failed"},
        SHOP.unit("drain", OLD): {"ActiveState": "activating"},
        SHOP.unit("process-worker-1", OLD): {"ActiveState": "deactivating"},
    }

    def states(*patterns: str) -> dict[str, str]:
        asked.append(patterns)
        return host.states_of(*patterns)

    monkeypatch.setattr(systemd, "unit_states", states)
    actual = find_loaded(SHOP)
    assert (actual.serving, actual.at_work, actual.busy) == ({OLD, NEW}, {NEW}, {OLD, NEW})
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("later", "text"),
    [
        (UP, None),
        (
            {"ActiveState": "activating", "NRestarts": "0", "ExecMainCode": "1", "ExecMainStatus": "3"},
            "process worker (2) does not stay up: its process ended with status 3",
        ),
        ({**UP, "NRestarts": "1", "Result": "success"}, "process worker (2) does not stay up: it has gone down"),
    ],
)
def test_a_process_that_ended_is_reported(host: Host, later: dict[str, str], text: str | None) -> None:
    names = [SHOP.unit(f"process-worker-{number}", NEW) for number in (1, 2)]
    host.states = dict.fromkeys(names, UP)
    trouble = RestartWatcher({name: describe_kind(SHOP.kind(name)) for name in names})
    assert trouble() is None
    host.states[names[1]] = later
    assert trouble() == text
    assert trouble.ended == ([names[1]] if text else [])


def test_without_processes_nothing_is_reported(host: Host) -> None:
    assert BackgroundUnits(SHOP, NEW).watch_restarts()() is None


def test_units_of_a_release_are_removed(host: Host) -> None:
    host.install(SHOP, OLD)
    host.install(SHOP, NEW)
    stamps = [background.STAMPS / f"stamp-{SHOP.unit('timer-tick', release)}" for release in (OLD, NEW)]
    for stamp in stamps:
        stamp.touch()
    BackgroundUnits(SHOP, OLD).remove_units()
    assert BackgroundUnits(SHOP, OLD).units == []
    assert len(BackgroundUnits(SHOP, NEW).units) == len(KINDS)
    assert [stamp.exists() for stamp in stamps] == [False, True]


@pytest.mark.parametrize(
    ("stamps", "latest"),
    [
        ([], {}),
        ([("asgi-shop.job-tick@v1.timer", 5.0)], {"asgi-shop.job-tick": 5.0}),
        (
            [("asgi-shop.job-a@v1.timer", 5.0), ("asgi-shop.job-a@v2.timer", 7.0), ("asgi-shop.job-b@v1.timer", 1.0)],
            {"asgi-shop.job-a": 7.0, "asgi-shop.job-b": 1.0},
        ),
    ],
)
def test_latest(stamps: list[tuple[str, float]], latest: dict[str, float]) -> None:
    assert latest_by_timer(stamps) == latest


def test_a_timer_goes_on_where_that_of_the_other_release_was(host: Host) -> None:
    host.install(SHOP, OLD, "active")
    host.install(SHOP, NEW)
    old, new = (background.STAMPS / f"stamp-{SHOP.unit('timer-tick', release)}" for release in (OLD, NEW))
    old.touch()
    at = old.stat().st_mtime
    switch_background_units(SHOP, NEW)
    assert new.stat().st_mtime == at


def test_missing_program(host: Host, tmp_path: Path) -> None:
    host.install(SHOP, OLD)
    (host.folder / SHOP.unit("job-tick", OLD)).write_text('ExecStart="no-such-program" "x"\n', encoding="utf-8")
    actual = BackgroundUnits(SHOP, OLD).missing_programs()
    assert actual and "its program" in actual and "/srv/asgi/shop/releases/v1-0a1b2c3d/venv/bin" in actual
