"""Run all that CI runs, and show where the time went: ``make test``."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.project import times


def main() -> int:
    """Run the parts until one fails; return its exit status."""
    with times.shown():
        for name in ("lint", "unit", "molecule"):
            began = time.monotonic()
            status = subprocess.call(["make", "--no-print-directory", name])
            if name != "molecule":  # whose scenarios are parts of their own
                times.note(name, time.monotonic() - began)
            if status:
                print(f"=== make {name} FAILED", flush=True)
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
