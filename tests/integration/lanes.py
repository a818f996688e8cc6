"""Run molecule's scenarios: lanes side by side, and the scenarios of a lane one after the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import ROOT
from tests.integration import hosts
from tests.integration.scenarios import LANES, SCENARIOS, named
from tests.lab import LabError
from tests.project import times

LIMIT = 3000  # seconds that a scenario may take
# Plugins that no test on hosts uses; pytest would load them for every scenario.
UNUSED = "-p no:hypothesispytest -p no:xdist -p no:anyio"
# What is shown once more at the end: pytest's summary, and Ansible's errors.
REASON = re.compile(r"^(FAILED |ERROR |fatal: |molecule did not end|\[ERROR\]|\d+ (passed|failed)).*", re.MULTILINE)
REASONS, WIDTH = 12, 600  # of a scenario, and characters of each: the end of a long log is all that some tools show
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
STEP = re.compile(r" ➜ (\w+): Executing$", re.MULTILINE)
SUMMARY = re.compile(r"^\d+ passed.*", re.MULTILINE)


def run(scenario: str) -> str | None:
    """Run a scenario, and show what it printed if it fails; return the reasons, or nothing if all is well."""
    began = time.monotonic()
    argv = [str(Path(sys.executable).with_name("molecule")), "-c", "molecule/config.yml", "test"]
    argv += ["--no-command-borders", "-s", scenario]
    with tempfile.TemporaryDirectory() as state, tempfile.NamedTemporaryFile() as output:
        # What molecule remembers of hosts, such as that they are prepared, must not outlive them. When a scenario fails
        # it removes that folder itself, so what it printed lies elsewhere.
        environment = {**os.environ, "MOLECULE_EPHEMERAL_DIRECTORY": state, "COLUMNS": str(WIDTH), times.PART: scenario}
        environment["PYTEST_ADDOPTS"] = UNUSED
        log = Path(output.name)
        status, steps = follow(argv, environment, log)
        text = COLOUR.sub("", log.read_text(errors="replace"))
    took = time.monotonic() - began
    times.note(scenario, took)
    for step, seconds in steps.items():
        times.note(scenario, seconds, step)
    if status == 0:
        tests = SUMMARY.findall(text)
        print(f"=== scenario {scenario} passed after {took:.0f} s: {tests[-1] if tests else 'no tests'}", flush=True)
        return None
    print(f"{text}\n=== scenario {scenario} FAILED after {took:.0f} s", flush=True)
    return "\n".join([line[0][:WIDTH] for line in REASON.finditer(text)][:REASONS])


def follow(argv: list[str], environment: dict[str, str], log: Path) -> tuple[int, dict[str, float]]:
    """Run molecule, which writes to a file; return its exit status, and the seconds of each step."""
    begun: list[tuple[str, float]] = []
    ends = time.monotonic() + LIMIT
    with log.open("a") as output:
        child = subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        status = None
        while status is None and time.monotonic() < ends:
            try:
                status = child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                steps = STEP.findall(COLOUR.sub("", log.read_text(errors="replace")))
                begun += [(step, time.monotonic()) for step in steps[len(begun) :]]
        if status is None:
            child.kill()
            child.wait()
            print(f"molecule did not end within {LIMIT} s", file=output)
    moments = [*(moment for _, moment in begun[1:]), time.monotonic()]
    seconds = {step: end - moment for (step, moment), end in zip(begun, moments, strict=True)} if begun else {}
    return -1 if status is None else status, seconds


def main(names: list[str]) -> int:
    """Run all scenarios, or those that are named."""
    scenarios = named(names)
    lanes = [[name for name in scenarios if SCENARIOS[name].lane == lane] for lane in LANES]
    began = time.monotonic()
    hosts.down()
    hosts.up(scenarios)
    times.note("hosts", time.monotonic() - began)
    try:
        with ThreadPoolExecutor(len(lanes)) as pool:
            ended = [
                item for lane in pool.map(lambda lane: [(name, run(name)) for name in lane], lanes) for item in lane
            ]
    finally:
        hosts.down()
    failed = {scenario: reasons for scenario, reasons in ended if reasons is not None}
    for lane in lanes:
        # Those after the first may have failed by what it left on their hosts.
        for name in reversed([name for name in lane if name in failed]):
            print(f"\n=== why {name} failed\n{failed[name]}")
    print(f"scenarios that failed: {', '.join(failed) or 'none'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        with times.shown():
            sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(f"error: {error}")
