"""Requests to a release on its own socket.

They are written by hand, as inspections send them, too: Python takes a twentieth of a second to load its HTTP client.
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
_MAX_BYTES = 2**17  # of an answer
_INTERVAL = 0.1
_LEAST = 0.5  # seconds; a shorter wait would only report that no answer came, and hide the earlier answers
_PAUSE = 0.01  # seconds between answers that pass while other workers' are missing, so that waiting is no load
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_WORKER = re.compile(rb"^X-ASGI-Worker:[ \t]*([0-9]{1,10})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class AnswerError(OSError):
    """An answer that is not HTTP."""


class _Answer(NamedTuple):
    """The beginning of an answer.

    Attributes:
        status: its status code.
        reason: the phrase after it.
        worker: the process that answered, as its own header states.
    """

    status: int
    reason: str
    worker: int | None


class Probe:
    """One request on its own connection, which stays open until it is closed.

    Attributes:
        worker: the process that answered, if it states which.
        failure: what is wrong with the answer; None when it passes.
    """

    def __init__(self, path: str, gate: Gate, timeout: float, broken: Callable[[], str | None] = lambda: None) -> None:
        """Send the request, and wait for the answer.

        Args:
            path: the socket of the release.
            gate: what is requested, and which answers pass.
            timeout: seconds to wait.
            broken: returns why no answer will come, or None while one may.
        """
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._deadline = time.monotonic() + timeout
        self._broken = broken
        self.worker: int | None = None
        self.failure = self._ask(path, gate, timeout)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, path: str, gate: Gate, timeout: float) -> str | None:
        """Return what is wrong with the answer, or None."""
        # As nginx sends it for a visitor: an application may require HTTPS or its host name.
        headers = {"Host": gate.host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "X-ASGI-Probe": "1"}
        lines = [f"GET {gate.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        try:
            self._connection.settimeout(timeout)
            self._connection.connect(path)
            self._connection.sendall("\r\n".join(lines).encode())
            if reason := self._wait():
                return reason
            answer = self._answer()  # its status is enough; a body may have no end
        except TimeoutError:
            return f"GET {gate.path}: no answer within {round(timeout, 1):g} s"
        except OSError as error:
            return f"GET {gate.path} failed: {error or type(error).__name__}"
        self.worker = answer.worker
        if status_matches(answer.status, gate.status):
            return None
        return f"GET {gate.path} answered {answer.status} {answer.reason}, expected {', '.join(gate.status)}"

    def _wait(self) -> str | None:
        """Wait until there is something to read; return why nothing will come.

        systemd's listener accepts a request even with no server behind it.
        """
        while not select.select([self._connection], [], [], _INTERVAL)[0]:
            if reason := self._broken():
                return reason
            if time.monotonic() >= self._deadline:
                raise TimeoutError
        return None

    def _answer(self) -> _Answer:
        """Read the beginning of the answer, within one deadline and of a bounded size.

        An application may send a byte now and then, or one interim answer after another, without end.
        """
        data, size = bytearray(), 0
        whole: re.Match[bytes] | None = None
        while True:
            while whole is None:
                seconds = self._deadline - time.monotonic()
                if seconds <= 0:
                    raise TimeoutError
                if size >= _MAX_BYTES:
                    raise AnswerError(f"its headers are longer than {_MAX_BYTES:,} bytes")
                self._connection.settimeout(seconds)
                if not (received := self._connection.recv(_MAX_BYTES - size)):
                    raise AnswerError("it closed the connection without an answer")
                size += len(received)
                new = max(0, len(data) - 3)  # an end may have begun before
                data += received
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
    """Send requests until every worker has answered as it must; return why that failed, or None.

    A worker states its process in a header of its own, because connections are distributed among workers by chance.

    Args:
        path: the socket of the release.
        gate: which answers pass.
        broken: returns why waiting is useless, such as a process that has ended, or None.
        processes: returns which processes the service has now.
    """
    began = time.monotonic()
    deadline = began + gate.timeout
    answers = Answers(gate)
    proven: set[int] = set()  # workers of which an answer passed at any time
    while True:
        left = max(deadline, began + gate.uptime) - time.monotonic()
        probe = Probe(path, gate, max(0.1, min(ANSWER_TIMEOUT, left)), broken)
        probe.close()
        alive = set(processes())
        if reason := broken():
            return reason
        if gate.uptime and proven - alive:  # its supervisor stays up, and starts one after another
            return "the service does not stay up: a worker that had answered has ended"
        answers.add(probe.worker, probe.failure)
        passed = answers.passed(alive)
        proven |= answers.proven
        if passed and time.monotonic() >= began + gate.uptime:
            return None
        if not passed and time.monotonic() >= deadline - min(_LEAST, gate.timeout / 10):
            return f"{answers.missing()} (for {gate.timeout:g} s)"
        time.sleep(_INTERVAL if probe.failure or passed else _PAUSE)
