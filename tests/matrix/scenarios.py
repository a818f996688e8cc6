"""Run scenarios of molecule on each supported Debian: ``make matrix SCENARIOS="release sandbox"``."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.integration.scenarios import DEBIAN, named
from tests.lab import LabError
from tests.lab.sources import RELEASES


def main(names: list[str]) -> int:
    """Run them on one Debian after the other, however many fail, and show how each ended; return the exit status."""
    scenarios = named(names)
    results = {}
    for number, release in enumerate(RELEASES, 12):
        name = f"Debian {number} ({release})"
        print(f"=== {' '.join(scenarios)} on {name}", flush=True)
        argv = [sys.executable, "-m", "tests.integration.lanes", *scenarios]
        results[name] = subprocess.call(argv, env={**os.environ, DEBIAN: release})
    print()
    for name, status in results.items():
        print(f"{name:24}{'FAILED' if status else 'ok'}", flush=True)
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(f"error: {error}")
