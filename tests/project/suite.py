"""Run all that CI runs, or one lane of it, and show where the time went: ``make test``."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.integration.scenarios import of_lane
from tests.lab import LabError
from tests.project import times

CHECKS = "2"  # the lane that lint and the unit tests belong to, which has the least other work


def main(lane: str) -> int:
    """Run the parts of a lane, or of all of them if it is empty, until one fails; return the exit status."""
    parts = {"molecule": ["molecule", f"SCENARIO={' '.join(of_lane(lane))}"]}
    if lane in ("", CHECKS):
        parts = {"lint": ["lint"], "unit": ["unit"], **parts}
    with times.shown():
        for name, arguments in parts.items():
            began = time.monotonic()
            status = subprocess.call(["make", "--no-print-directory", *arguments])
            if name != "molecule":  # whose scenarios are parts of their own
                times.note(name, time.monotonic() - began)
            if status:
                print(f"=== make {name} FAILED", flush=True)
                return status
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
    except LabError as error:
        sys.exit(f"error: {error}")
