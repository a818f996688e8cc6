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

LIMIT = 3000  # seconds that a scenario may take
# What is shown once more at the end: pytest's summary, and Ansible's errors.
REASON = re.compile(r"^(FAILED |ERROR |fatal: |molecule did not end|\[ERROR\]|\d+ (passed|failed)).*", re.MULTILINE)
REASONS, WIDTH = 12, 600  # of a scenario, and characters of each: the end of a long log is all that some tools show


def run(scenario: str) -> str | None:
    """Run a scenario, and show what it printed if it fails; gives the reasons, or nothing if all is well."""
    began = time.monotonic()
    argv = [str(Path(sys.executable).with_name("molecule")), "-c", "molecule/config.yml", "test"]
    argv += ["--no-command-borders", "-s", scenario]
    with tempfile.TemporaryDirectory() as state, tempfile.TemporaryFile("w+") as output:
        # What molecule remembers of hosts, such as that they are prepared, must not outlive them.
        environment = {**os.environ, "MOLECULE_EPHEMERAL_DIRECTORY": state, "COLUMNS": str(WIDTH)}
        try:
            status = subprocess.call(
                argv,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=LIMIT,
            )
        except subprocess.TimeoutExpired:
            status = -1
            print(f"molecule did not end within {LIMIT} s", file=output)
        output.seek(0)
        text = output.read()
    took = f"after {time.monotonic() - began:.0f} s"
    if status == 0:
        print(f"=== scenario {scenario} passed {took}", flush=True)
        return None
    print(f"{text}\n=== scenario {scenario} FAILED {took}", flush=True)
    return "\n".join([line[0][:WIDTH] for line in REASON.finditer(text)][:REASONS])


def main(wanted: list[str]) -> int:
    """Run all scenarios, or those that are named."""
    scenarios = named(wanted)
    lanes = [[name for name in scenarios if SCENARIOS[name].lane == lane] for lane in LANES]
    hosts.down()
    hosts.up(scenarios)
    try:
        with ThreadPoolExecutor(len(lanes)) as pool:
            ended = [one for lane in pool.map(lambda lane: [(name, run(name)) for name in lane], lanes) for one in lane]
    finally:
        hosts.down()
    failed = {scenario: reasons for scenario, reasons in ended if reasons is not None}
    for lane in lanes:
        # Those after the first may have failed by what it left on their hosts.
        for name in reversed([name for name in lane if name in failed]):
            print(f"\n=== why {name} failed\n{failed[name]}")
    print(f"scenarios that failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(f"error: {error}")
