"""Run all that CI runs, and show where the time went: ``make test``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from tests.integration.scenarios import of_lane
from tests.lab import LabError
from tests.project import times

CHECKS = "2"  # the lane that lint and the unit tests belong to, which has the least other work


def main(lane: str) -> int:
    """Run the parts of a lane, or of all of them if it is empty; return the exit status.

    Lint comes first, as it takes the least time. The unit tests, which wait half of the time, run while the hosts work.
    """
    checks = lane in ("", CHECKS)
    scenarios = f"SCENARIO={' '.join(of_lane(lane))}"
    with times.shown(), ThreadPoolExecutor() as pool:
        if checks and (status := part("lint")):
            return status
        unit = pool.submit(part, "unit") if checks else None
        status = subprocess.call(["make", "--no-print-directory", "molecule", scenarios])
        return status or (unit.result() if unit else 0)


def part(name: str) -> int:
    """Run a part, show what it printed in one piece, and return its exit status."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        status = subprocess.call(["make", "--no-print-directory", name], stdout=output, stderr=output)
        output.seek(0)
        took = time.monotonic() - began
        print(f"{output.read()}=== make {name} {'FAILED' if status else 'passed'} after {took:.0f} s", flush=True)
    times.note(name, took)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
    except LabError as error:
        sys.exit(f"error: {error}")
