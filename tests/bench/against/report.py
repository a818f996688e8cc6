"""The table of a comparison: processor time by median, and ratios of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["LIMIT", "Pair", "Spent", "median", "report"]

LIMIT = 1.03  # of processor time, after against before; above it the later commit is slower
HEAD = "| | before | after | ratio | from | to | ratio of time on the clock |\n|---|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Spent:
    """What one measurement took, in seconds."""

    cpu: float  # user and system, of controller and host
    wall: float


@dataclass(frozen=True)
class Pair:
    """The same on both sides, one right after the other."""

    before: Spent
    after: Spent

    @property
    def ratio(self) -> float:
        """Return the processor time after the change, divided by that before it."""
        return self.after.cpu / self.before.cpu

    @property
    def wall_ratio(self) -> float:
        """Time on the clock after against before."""
        return self.after.wall / self.before.wall


def report(commit: str, results: Mapping[str, Sequence[Pair]]) -> str:
    """Return a table of processor time, with a row for each kind of measurement and what follows from it."""
    rows = "".join(f"| {kind} {row(result)}\n" for kind, result in results.items())
    slower = [kind for kind, result in results.items() if median([pair.ratio for pair in result]) > LIMIT]
    verdict = (
        f"Slower than {commit} by more than {LIMIT}: {'; '.join(slower)}." if slower else f"Not slower than {commit}."
    )
    return f"{HEAD}{rows}\n{verdict}"


def row(found: Sequence[Pair]) -> str:
    """Return the cells of one kind: processor time, its ratio with the range, and the ratio of the clock."""
    ratios = sorted(pair.ratio for pair in found)
    before, after = (
        median([item.cpu for item in side]) for side in zip(*((p.before, p.after) for p in found), strict=True)
    )
    wall = median([pair.wall_ratio for pair in found])
    cells = [duration(before), duration(after), f"{median(ratios):.3f}", f"{ratios[0]:.3f}", f"{ratios[-1]:.3f}"]
    return f"| {' | '.join(cells)} | {wall:.3f} |"


def duration(seconds: float) -> str:
    """Return seconds, or microseconds where it is so little."""
    return f"{seconds:.2f} s" if seconds >= 0.01 else f"{seconds * 1e6:.0f} µs"
