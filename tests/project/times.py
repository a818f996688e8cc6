"""Run a command, and show what it printed with its name and its seconds: ``python -m tests.times NAME COMMAND …``."""

from __future__ import annotations

import subprocess
import sys
import time


def main(name: str, argv: list[str]) -> int:
    """Run the command, and return its exit status."""
    began = time.monotonic()
    status = subprocess.call(argv)
    took = time.monotonic() - began
    print(f"=== {name} {f'FAILED with status {status}' if status else 'passed'} after {took:.0f} s", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
