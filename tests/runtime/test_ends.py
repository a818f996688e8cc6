"""How processes end and are replaced, under every kind of server."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.runtime.conftest import Serve
from tests.runtime.served import KINDS, PATIENCE, Served, until

EVERY = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-asgi", "uvicorn", "uvicorn-2"])
def test_end_of_the_lifespan(started: Serve, kind: str) -> None:
    served = started(**KINDS[kind])
    assert served.stop() in (0, -signal.SIGTERM)
    reports = [what for what, _ in served.reports()]
    assert reports.count("startup") == reports.count("shutdown") >= 1


def hanging(started: Serve, kind: str) -> Served:
    """Return a server whose application never comes to its end."""
    options = {**KINDS[kind], "settings": {"max_requests": 5}} if kind != "uvicorn" else KINDS[kind]
    return started(**options, graceful_timeout=1, environment={"LIFESPAN": "hangs"})


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn-2"])
def test_worker_that_does_not_end_after_its_share_of_requests_is_replaced(started: Serve, kind: str) -> None:
    served = hanging(started, kind)
    seen: set[int] = set()

    def replaced() -> bool:
        with suppress(TimeoutError):  # while each of them hangs
            seen.add(served.get(timeout=2).json["pid"])
        return len(seen) >= 2 * int(KINDS[kind].get("workers", 1))

    until(replaced, 4 * PATIENCE)


def test_only_process_that_does_not_end(started: Serve) -> None:
    assert hanging(started, "uvicorn").stop() == 1


def test_only_process_notifies_the_watchdog(started: Serve, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(15)
        served = started(server="uvicorn", environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert {systemd.recv(64) for _ in range(2)} == {b"WATCHDOG=1"}
        # One that is stuck notifies no one.
        with closing(served.connect()) as connection:
            connection.request("GET", "/block?seconds=60")
            systemd.settimeout(3)
            with pytest.raises(TimeoutError):
                for _ in range(20):  # those that were answer before it got stuck
                    systemd.recv(64)


def test_supervisor_replaces_a_worker_that_was_killed(started: Serve) -> None:
    served = started(**KINDS["uvicorn-2"])
    before = until(lambda: len(actual := served.workers()) == 2 and actual)
    os.kill(before[0], signal.SIGKILL)
    until(lambda: len(now := served.workers()) == 2 and before[0] not in now)
    assert served.get().status == 200


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn-2"])
def test_worker_that_is_stuck_is_replaced(started: Serve, kind: str) -> None:
    served = started(**KINDS[kind], timeout=4)
    with closing(served.connect()) as connection:
        connection.request("GET", "/block?seconds=60")
        before = served.workers()
        until(lambda: set(before) - set(served.workers()), 30)
    assert served.get(timeout=10).status == 200


@EVERY
def test_end_with_a_request_under_way(started: Serve, kind: str) -> None:
    served = started(**KINDS[kind])
    with closing(served.connect()) as connection:
        connection.request("GET", "/sleep?seconds=1.5")
        until(lambda: "asleep" in dict(served.reports()))
        served.process.send_signal(signal.SIGTERM)
        assert connection.getresponse().status == 200
    assert served.process.wait(15) in (0, -signal.SIGTERM)


@EVERY
def test_end_while_the_application_is_imported(started: Serve, kind: str) -> None:
    """No worker stays until it is killed, which visitors of the next server would wait for."""
    module = "slow_site:wsgi" if KINDS[kind]["server"] == "gunicorn-wsgi" else "slow_site:app"
    served = started(ready=False, **KINDS[kind], module=module, graceful_timeout=2 * PATIENCE)
    until(lambda: "importing" in dict(served.reports()))
    assert served.stop() in (0, -signal.SIGTERM)
