"""Services that end while a release is put live."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import restarts
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.first_seconds import ended_worker
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.restarts import RestartWatcher
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import processes, systemd

UNIT = "asgi-shop@v1.service"


@pytest.fixture(name="process")
def main_process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture(name="asked")
def questions(monkeypatch: pytest.MonkeyPatch, process: subprocess.Popen[bytes]) -> list[str]:
    """Return the queries to systemd, which shows a service with that main process."""
    asked: list[str] = []

    def show(*names: str) -> list[systemd.Unit]:
        asked.extend(names)
        running = process.poll() is None
        state = {"ActiveState": "active" if running else "failed", "MainPID": str(process.pid if running else 0)}
        return [systemd.Unit(UNIT, state)]

    monkeypatch.setattr(systemd, "show", show)
    monkeypatch.setattr(restarts, "_SECONDS", 3600.0)
    return asked


def test_systemd_is_not_asked_while_the_main_process_lives(process: subprocess.Popen[bytes], asked: list[str]) -> None:
    watcher = RestartWatcher({UNIT: "the service"})
    assert [watcher() for _ in range(20)] == [None] * 20
    assert asked == [UNIT]
    assert watcher.processes() == {process.pid}


def test_a_main_process_that_ended_is_reported_at_once(process: subprocess.Popen[bytes], asked: list[str]) -> None:
    watcher = RestartWatcher({UNIT: "the service"})
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a process that has ended, and is listed still
    assert str(watcher()).startswith("the service does not stay up")
    assert asked == [UNIT, UNIT]


def test_systemd_is_asked_now_and_then(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be about to stop a service whose main process lives on for a while."""
    monkeypatch.setattr(restarts, "_SECONDS", 0.0)
    watcher = RestartWatcher({UNIT: "the service"})
    assert watcher() is None
    assert asked == [UNIT, UNIT]


def test_without_a_main_process_systemd_is_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        systemd, "show", lambda *names: [systemd.Unit(name, {"ActiveState": "active"}) for name in names]
    )
    watcher = RestartWatcher({UNIT: "the service"})
    assert watcher() is None
    monkeypatch.setattr(
        systemd, "show", lambda *names: [systemd.Unit(name, {"ActiveState": "failed"}) for name in names]
    )
    assert watcher()
    assert watcher.ended == [UNIT]


def test_workers_are_what_the_main_process_has_started(
    process: subprocess.Popen[bytes], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = {process.pid: os.getpid(), 101: process.pid, 102: process.pid, 103: 101}
    monkeypatch.setattr(processes, "parents", lambda: parents)
    assert RestartWatcher({UNIT: "the service"}).children() == {101, 102}
    assert asked == [UNIT]


def test_a_worker_that_has_ended_is_reported(process: subprocess.Popen[bytes]) -> None:
    assert ended_worker([os.getpid(), process.pid]) is None
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its supervisor has not looked yet
    assert str(ended_worker([os.getpid(), process.pid])).startswith("the service does not stay up: a worker")
