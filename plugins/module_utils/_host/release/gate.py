"""The gate: the answers that a release must give on its own socket before it gets traffic."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Gate:
    """What is requested, and which answers pass.

    Attributes:
        path: the path that is requested.
        status: status codes and classes, such as 2xx, that pass.
        timeout: seconds until the gate fails.
        successes: how many answers in a row must pass.
        host: the host name in requests.
        workers: how many processes must each have answered.
        uptime: seconds that the service must have stayed up.
        recycles: whether workers end by themselves after their share of requests, so that an end is no failure.
    """

    path: str
    status: Sequence[str]
    timeout: float
    successes: int
    host: str
    workers: int
    uptime: float = 0
    recycles: bool = False


def status_matches(status: int, expected: Sequence[str]) -> bool:
    """Return whether a status is among numbers and classes such as ``2xx``."""
    return str(status) in expected or f"{status // 100}xx" in expected


@dataclass
class Answers:
    """The answers so far: the decision whether a release may pass.

    Attributes:
        gate: the gate that it has to pass.
        in_a_row: how many of the last answers passed.
        proven: the workers whose last answer passed.
        failure: what is wrong with the last answer; None when it passed.
    """

    gate: Gate
    in_a_row: int = 0
    proven: set[int] = field(default_factory=set)
    failure: str | None = None

    def add(self, worker: int | None, failure: str | None) -> None:
        """Count an answer; one that fails restarts the count, also for its worker."""
        self.failure = failure
        if failure:
            self.in_a_row = 0
            self.proven.discard(worker or 0)
            return
        self.in_a_row += 1
        if worker:
            self.proven.add(worker)

    def passed(self, alive: Collection[int]) -> bool:
        """Return whether enough answers passed; a worker that has ended since then does not count."""
        self.proven.intersection_update(alive)
        return self.in_a_row >= self.gate.successes and len(self.proven) >= self.gate.workers

    def missing(self) -> str:
        """Return what was still missing when time was over."""
        if self.failure:
            return self.failure
        if len(self.proven) < self.gate.workers:
            return f"only {len(self.proven)} of {self.gate.workers} workers answered GET {self.gate.path}"
        return f"only {self.in_a_row} answers in a row passed"
