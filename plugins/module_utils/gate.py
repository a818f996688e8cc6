"""The gate: a release must answer on its own socket before it gets traffic."""

from __future__ import annotations

import http.client
import select
import socket
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

_ANSWER_TIMEOUT = 10.0
_INTERVAL = 0.1
_LEAST = 0.5  # less time would only tell that there was no answer, and hide what the answers before said
_PAUSE = 0.01  # between answers that are right, while other workers' are missing: waiting is to be no load


@dataclass(frozen=True)
class Gate:
    """What is asked, and what must be answered."""

    path: str
    status: Sequence[str]
    timeout: float
    successes: int
    host: str
    workers: int  # processes that must all have answered
    uptime: float = 0  # seconds that the service must have stayed up


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def passes(status: int, wanted: Sequence[str]) -> bool:
    """Whether a status is among numbers and classes such as ``2xx``."""
    return str(status) in wanted or f"{status // 100}xx" in wanted


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


@dataclass
class Answers:
    """Who has answered, and how: the decision whether a release may pass."""

    gate: Gate
    in_a_row: int = 0
    well: set[int] = field(default_factory=set)
    wrong: str | None = None

    def add(self, worker: int | None, wrong: str | None) -> None:
        """Counts an answer; one that is wrong begins the count anew, for its worker as well."""
        self.wrong = wrong
        if wrong:
            self.in_a_row = 0
            self.well.discard(worker or 0)
            return
        self.in_a_row += 1
        if worker:
            self.well.add(worker)

    def passed(self, alive: Collection[int]) -> bool:
        """Whether enough have answered; a worker that has ended since counts no more."""
        self.well.intersection_update(alive)
        return self.in_a_row >= self.gate.successes and len(self.well) >= self.gate.workers

    def lacking(self) -> str:
        """What was still missing when time was over."""
        if self.wrong:
            return self.wrong
        if len(self.well) < self.gate.workers:
            return f"only {len(self.well)} of {self.gate.workers} workers answered GET {self.gate.path}"
        return f"only {self.in_a_row} answers in a row passed"


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
    while True:
        left = max(deadline, began + gate.uptime) - time.monotonic()
        probe = Probe(path, gate, max(0.1, min(_ANSWER_TIMEOUT, left)), broken)
        probe.close()
        alive = processes()
        answers.add(probe.worker, probe.wrong)
        if hopeless := broken():
            return hopeless
        passed = answers.passed(alive)
        if passed and time.monotonic() >= began + gate.uptime:
            return None
        if not passed and time.monotonic() >= deadline - min(_LEAST, gate.timeout / 10):
            return f"{answers.lacking()} (for {gate.timeout:g} s)"
        time.sleep(_INTERVAL if probe.wrong or passed else _PAUSE)
