"""Which workers of nginx take connections."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._host.web import nginx
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

MAIN = Unit("nginx.service", {"MainPID": "100", "ActiveState": "active"})
PROCESSES = {
    101: b"nginx: worker process\0\0\0",
    102: b"nginx: worker process is shutting down\0",
    103: b"nginx: cache manager process\0",
    104: b"nginx: worker process",
    105: None,  # it ended between two looks
}


@pytest.fixture(autouse=True, name="pid_file")
def file_of_the_main_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(nginx, "PID_FILE", tmp_path / "nginx.pid")
    return tmp_path / "nginx.pid"


@pytest.mark.parametrize(("text", "process"), [("101\n", 101), ("", 0), ("x", 0), (None, 0)])
def test_the_main_process_is_that_of_its_file(pid_file: Path, text: str | None, process: int) -> None:
    if text is not None:
        pid_file.write_text(text)
    assert nginx.master_process() == process


def test_workers_are_those_of_the_nginx_that_took_over(tmp_path: Path, pid_file: Path) -> None:
    """systemd knows the former one until its last connection has ended."""
    pid_file.write_text("100\n")
    former = Unit("nginx.service", {"MainPID": "7", "ActiveState": "active"})
    proc = _processes(tmp_path)
    assert nginx.serving_workers(former, proc) == {101, 104}
    assert nginx.serving_workers(Unit("x.service", {"MainPID": "7"}), proc) == set()


def test_serving(tmp_path: Path) -> None:
    assert nginx.serving_workers(MAIN, _processes(tmp_path)) == {101, 104}


@pytest.mark.parametrize("main", ["0", "7"])
def test_serving_of_what_does_not_run_or_has_no_children(tmp_path: Path, main: str) -> None:
    assert nginx.serving_workers(Unit("x.service", {"MainPID": main}), _processes(tmp_path)) == set()


def test_waits_for_workers_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that came in between may stay."""
    looks = [{101, 104}, {101, 104, 201}, {104, 201}, {201, 202}]
    monkeypatch.setattr(nginx, "serving_workers", lambda unit: looks.pop(0))
    _systemd(monkeypatch)
    nginx.reload_and_wait("nginx.service")
    assert looks == []


def test_reports_a_configuration_that_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_text("of yesterday\n")
    monkeypatch.setattr(nginx, "_RELOAD_SECONDS", 0.1)
    monkeypatch.setattr(nginx, "serving_workers", lambda unit: {101})
    monkeypatch.setattr(nginx, "_log", lambda unit: log)

    def reload(name: str) -> None:
        with log.open("a") as file:
            file.write("bind() to 0.0.0.0:8089 failed\n")

    _systemd(monkeypatch, reload)
    with pytest.raises(DeployError) as error:
        nginx.reload_and_wait("nginx.service")
    assert str(error.value) == (
        "nginx.service got the signal to reload, and continues with its former configuration:\n"
        "bind() to 0.0.0.0:8089 failed"
    )


def _systemd(monkeypatch: pytest.MonkeyPatch, reload: object = lambda name: None) -> None:
    monkeypatch.setattr(systemd, "show", lambda *names: [MAIN])
    monkeypatch.setattr(systemd, "reload_or_start", reload)


def _processes(proc: Path) -> Path:
    (proc / "100" / "task" / "100").mkdir(parents=True)
    (proc / "100" / "task" / "100" / "children").write_text(" ".join(map(str, PROCESSES)) + " ")
    for process, title in PROCESSES.items():
        if title is not None:
            (proc / str(process)).mkdir()
            (proc / str(process) / "cmdline").write_bytes(title)
    return proc
