"""Asking a release on its own socket."""

from __future__ import annotations

import http.client
import select
import socket
import time
from collections.abc import Callable, Collection

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Answers, Gate, passes

_ANSWER_TIMEOUT = 10.0
_INTERVAL = 0.1
_LEAST = 0.5  # less time would only tell that there was no answer, and hide what the answers before said
_PAUSE = 0.01  # between answers that are right, while other workers' are missing: waiting is to be no load


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Probe:
    """One question on a connection of its own, which stays open until it is closed."""

    def __init__(self, path: str, gate: Gate, timeout: float, broken: Callable[[], str | None] = lambda: None) -> None:
        """Asks, and waits for the answer for `timeout` seconds, or until `broken` tells that none will come."""
        self._connection = _UnixConnection(path, timeout)
        self.worker: int | None = None  # the process that answered, as it says itself
        self.wrong = self._ask(gate, timeout, broken)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, gate: Gate, timeout: float, broken: Callable[[], str | None]) -> str | None:
        """What is wrong with the answer, or nothing."""
        # As nginx asks it for a visitor, so that an application that insists on HTTPS or on its host name answers.
        headers = {"Host": gate.host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "X-ASGI-Probe": "1"}
        try:
            self._connection.request("GET", gate.path, headers=headers)
            if hopeless := self._wait(timeout, broken):
                return hopeless
            response = self._connection.getresponse()  # its status says all; a body may have no end
            worker = response.headers.get("X-ASGI-Worker", "")
            self.worker = int(worker) if worker.isdecimal() else None
        except TimeoutError:
            return f"GET {gate.path} got no answer within {round(timeout, 1):g} s"
        except (OSError, http.client.HTTPException) as error:
            return f"GET {gate.path} failed: {error or type(error).__name__}"
        if passes(response.status, gate.status):
            return None
        return f"GET {gate.path} answered {response.status} {response.reason}, expected {', '.join(gate.status)}"

    def _wait(self, timeout: float, broken: Callable[[], str | None]) -> str | None:
        """Waits until there is something to read: systemd's listener takes a question even with no server behind it."""
        deadline = time.monotonic() + timeout
        while not select.select([self._connection.sock], [], [], _INTERVAL)[0]:
            if hopeless := broken():
                return hopeless
            if time.monotonic() >= deadline:
                raise TimeoutError
        return None


def watch(
    path: str, gate: Gate, broken: Callable[[], str | None], processes: Callable[[], Collection[int]]
) -> str | None:
    """Asks until every worker has answered as it shall; gives why that did not come about, or nothing.

    Who answers says so in a header of its own, because connections are shared out among workers by chance.

    Args:
        path: the release's socket.
        gate: what must be answered.
        broken: tells why waiting is in vain, such as a process that has ended.
        processes: tells which processes the service has now.
    """
    began = time.monotonic()
    deadline = began + gate.timeout
    answers = Answers(gate)
    proven: set[int] = set()  # workers that have answered well
    while True:
        left = max(deadline, began + gate.uptime) - time.monotonic()
        probe = Probe(path, gate, max(0.1, min(_ANSWER_TIMEOUT, left)), broken)
        probe.close()
        alive = set(processes())
        if hopeless := broken():
            return hopeless
        if gate.uptime and proven - alive:  # its supervisor stays up, and starts another, and another
            return "the service does not stay up: a worker that had answered has ended"
        answers.add(probe.worker, probe.wrong)
        passed = answers.passed(alive)
        proven |= answers.well
        if passed and time.monotonic() >= began + gate.uptime:
            return None
        if not passed and time.monotonic() >= deadline - min(_LEAST, gate.timeout / 10):
            return f"{answers.lacking()} (for {gate.timeout:g} s)"
        time.sleep(_INTERVAL if probe.wrong or passed else _PAUSE)
