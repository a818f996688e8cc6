"""Asking a release on its own socket."""

from __future__ import annotations

import http.client
import io
import re
import select
import socket
import time
from collections.abc import Callable, Collection
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Answers, Gate, passes

_ANSWER_TIMEOUT = 10.0
_MOST = 2**17  # bytes of an answer that are read
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


class _Answer(io.RawIOBase):
    """The beginning of an answer, within a deadline over the whole of it, and of a bounded size.

    An application may send a byte now and then, or one interim answer after the other, for ever.
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection, self._deadline, self._left = connection, deadline, _MOST

    def makefile(self, *_arguments: object) -> io.BufferedReader:
        """See socket.makefile."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        if not self._left:
            raise http.client.HTTPException(f"its headers are longer than {_MOST:,} bytes")
        self._connection.settimeout(seconds)
        found = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= found
        return found


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
        deadline = time.monotonic() + timeout
        try:
            self._connection.request("GET", gate.path, headers=headers)
            if hopeless := self._wait(deadline, broken):
                return hopeless
            # Its status says all; a body may have no end.
            response = http.client.HTTPResponse(_Answer(self._connection.sock, deadline), method="GET")  # type: ignore[arg-type]
            response.begin()
            worker = response.headers.get("X-ASGI-Worker", "")
            self.worker = int(worker) if re.fullmatch("[0-9]{1,10}", worker) else None
        except TimeoutError:
            return f"GET {gate.path} got no answer within {round(timeout, 1):g} s"
        except (OSError, http.client.HTTPException) as error:
            return f"GET {gate.path} failed: {error or type(error).__name__}"
        if passes(response.status, gate.status):
            return None
        return f"GET {gate.path} answered {response.status} {response.reason}, expected {', '.join(gate.status)}"

    def _wait(self, deadline: float, broken: Callable[[], str | None]) -> str | None:
        """Wait until there is something to read: systemd's listener takes a question even with no server behind it."""
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
