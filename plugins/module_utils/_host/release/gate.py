"""The gate: a release must answer on its own socket before it gets traffic."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field


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
    recycles: bool = False  # whether workers end after their share of requests, so that an end tells nothing


def status_matches(status: int, wanted: Sequence[str]) -> bool:
    """Whether a status is among numbers and classes such as ``2xx``."""
    return str(status) in wanted or f"{status // 100}xx" in wanted


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
