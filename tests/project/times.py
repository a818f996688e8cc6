"""Where the time of a run goes: its parts write down what they took, and a table at its end shows it.

``python -m tests.project.times PART-STEP COMMAND …`` runs a command, and shows its name and seconds after its output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "ASGI_TEST_TIMES"  # what is written down; nothing is where it is not set
PART = "ASGI_TEST_PART"  # whose runs of a playbook are counted


def note(part: str, seconds: float, step: str = "") -> None:
    """Write down the seconds of a part, or of one of its steps."""
    _append({"part": part, "step": step, "seconds": seconds})


def note_run() -> None:
    """Count a run of a playbook."""
    if part := os.environ.get(PART):
        _append({"part": part, "runs": 1})


def _append(line: dict[str, str | float]) -> None:
    if file := os.environ.get(FILE):
        with Path(file).open("a") as stream:
            stream.write(f"{json.dumps(line)}\n")


@contextmanager
def shown() -> Iterator[None]:
    """Show where the time went at the end, unless a run that this one is a part of does so."""
    if FILE in os.environ:
        yield
        return
    began = time.monotonic()
    with tempfile.NamedTemporaryFile() as file:
        os.environ[FILE] = file.name
        try:
            yield
        finally:
            del os.environ[FILE]
            print(table(Path(file.name).read_text(), time.monotonic() - began), flush=True)


def table(text: str, total: float) -> str:
    """Return the parts that were written down, the most expensive one first."""
    parts: dict[str, float] = {}
    steps: dict[str, dict[str, float]] = {}
    runs: dict[str, int] = {}
    for line in map(json.loads, text.splitlines()):
        part = line["part"]
        if "runs" in line:
            runs[part] = runs.get(part, 0) + line["runs"]
        elif line["step"]:
            steps.setdefault(part, {})[line["step"]] = line["seconds"]
        else:
            parts[part] = line["seconds"]
    rows = ["", "where the time went, in seconds"]
    for part in sorted(parts, key=lambda name: -parts[name]):
        own = sorted(steps.get(part, {}).items(), key=lambda step: -step[1])
        details = [f"{step} {seconds:.0f}" for step, seconds in own]
        details += [f"{runs[part]} runs of a playbook by tests"] if part in runs else []
        rows.append(f"{part:14}{parts[part]:6.0f}  {', '.join(details)}".rstrip())
    return "\n".join([*rows, f"{'all of it':14}{total:6.0f}"])


def main(name: str, argv: list[str]) -> int:
    """Run the command, and return its exit status."""
    began = time.monotonic()
    status = subprocess.call(argv)
    took = time.monotonic() - began
    part, _, step = name.partition("-")
    note(part, took, step)
    print(f"=== {name} {f'FAILED with status {status}' if status else 'passed'} after {took:.0f} s", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
