"""Asking a release on its own socket.

By hand, as a look at the host asks, too: Python takes a twentieth of a second to read its own client of HTTP.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Answers, Gate, status_matches

ANSWER_TIMEOUT = 10.0
_MOST = 2**17  # bytes of an answer that are read
_INTERVAL = 0.1
_LEAST = 0.5  # less time would only tell that there was no answer, and hide what the answers before said
_PAUSE = 0.01  # between answers that are right, while other workers' are missing: waiting is to be no load
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_WORKER = re.compile(rb"^X-ASGI-Worker:[ \t]*([0-9]{1,10})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class AnswerError(OSError):
    """What came is no answer of HTTP."""


class _Answer(NamedTuple):
    """The beginning of an answer."""

    status: int
    reason: str
    worker: int | None  # the process that answered, as it says itself


class Probe:
    """One question on a connection of its own, which stays open until it is closed."""

    def __init__(self, path: str, gate: Gate, timeout: float, broken: Callable[[], str | None] = lambda: None) -> None:
        """Asks, and waits for the answer for `timeout` seconds, or until `broken` tells that none will come."""
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._deadline = time.monotonic() + timeout
        self._broken = broken
        self.worker: int | None = None
        self.wrong = self._ask(path, gate, timeout)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, path: str, gate: Gate, timeout: float) -> str | None:
        """What is wrong with the answer, or nothing."""
        # As nginx asks it for a visitor, so that an application that insists on HTTPS or on its host name answers.
        headers = {"Host": gate.host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "X-ASGI-Probe": "1"}
        lines = [f"GET {gate.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        try:
            self._connection.settimeout(timeout)
            self._connection.connect(path)
            self._connection.sendall("\r\n".join(lines).encode())
            if hopeless := self._wait():
                return hopeless
            answer = self._answer()  # its status says all; a body may have no end
        except TimeoutError:
            return f"GET {gate.path} got no answer within {round(timeout, 1):g} s"
        except OSError as error:
            return f"GET {gate.path} failed: {error or type(error).__name__}"
        self.worker = answer.worker
        if status_matches(answer.status, gate.status):
            return None
        return f"GET {gate.path} answered {answer.status} {answer.reason}, expected {', '.join(gate.status)}"

    def _wait(self) -> str | None:
        """Wait until there is something to read: systemd's listener takes a question even with no server behind it."""
        while not select.select([self._connection], [], [], _INTERVAL)[0]:
            if hopeless := self._broken():
                return hopeless
            if time.monotonic() >= self._deadline:
                raise TimeoutError
        return None

    def _answer(self) -> _Answer:
        """Read the beginning of the answer, within the deadline over the whole of it, and of a bounded size.

        An application may send a byte now and then, or one interim answer after the other, for ever.
        """
        data, size = bytearray(), 0
        whole: re.Match[bytes] | None = None
        while True:
            while whole is None:
                seconds = self._deadline - time.monotonic()
                if seconds <= 0:
                    raise TimeoutError
                if size >= _MOST:
                    raise AnswerError(f"its headers are longer than {_MOST:,} bytes")
                self._connection.settimeout(seconds)
                if not (found := self._connection.recv(_MOST - size)):
                    raise AnswerError("it closed the connection without an answer")
                size += len(found)
                new = max(0, len(data) - 3)  # an end may have begun before
                data += found
                if b"\n" in data and not _STATUS.match(data):
                    line = bytes(data).split(b"\n", 1)[0].strip()[:80]
                    raise AnswerError(f"it answered {line.decode(errors='replace')!r}, which is not HTTP")
                whole = _END.search(data, new)
            head = bytes(data[: whole.end()])
            first, worker = _STATUS.match(head), _WORKER.search(head)
            if first is None:
                raise AnswerError("it answered an empty line")
            status, reason = int(first[1]), (first[2] or b"").decode(errors="replace").strip()
            if status // 100 != 1 or status == 101:
                return _Answer(status, reason, int(worker[1]) if worker else None)
            del data[: whole.end()]  # an interim answer
            whole = _END.search(data)


def wait_until_passed(
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
        probe = Probe(path, gate, max(0.1, min(ANSWER_TIMEOUT, left)), broken)
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
