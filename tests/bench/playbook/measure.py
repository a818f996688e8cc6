"""One command, timed as a whole process with all that it started."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests import ROOT
from tests.integration.hosts import PLAIN
from tests.lab import LabError


@dataclass(frozen=True)
class Cost:
    """What a run took, in seconds, and the memory of its largest process, in MiB."""

    wall: float
    cpu: float
    memory: float


@dataclass
class Series:
    """The same, several times."""

    name: str
    costs: list[Cost] = field(default_factory=list)


def cost(argv: Sequence[str], **env: str) -> Cost:
    """Run a command to its end.

    Raises:
        LabError: it failed; with the end of what it printed.
    """
    began = time.monotonic()
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        env={**os.environ, **PLAIN, "ANSIBLE_PIPELINING": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise LabError(f"{' '.join(argv[:3])} … ended with status {process.returncode}:\n{output[-4000:]}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(rounds: int, **runs: Callable[[], Cost]) -> list[Series]:
    """Run all of them once, uncounted, and then in turn, so that a machine that slows down does so for all."""
    series = [Series(name) for name in runs]
    for number in range(rounds + 1):
        for one, run in zip(series, runs.values(), strict=True):
            spent = run()
            if number:
                one.costs.append(spent)
    return series


def ratios(one: Series, other: Series) -> tuple[float, float, float]:
    """Return the ratios of two series, pair by pair: least, median, most."""
    result = sorted(a.wall / b.wall for a, b in zip(one.costs, other.costs, strict=True))
    return result[0], statistics.median(result), result[-1]
