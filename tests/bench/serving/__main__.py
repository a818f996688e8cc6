"""The command line: measure, print, and write down what was measured."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.bench.playbook.__main__ import machine
from tests.lab import LabError

from . import measure
from .host import Host
from .report import charts, markdown
from .ways import GUIDE, OURS, WAYS, Way

PAGE, DATA = ROOT / "docs" / "serving.md", ROOT / "docs" / "benchmarks" / "serving.json"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.bench.serving", description=__doc__)
    options.add_argument("--rounds", type=int, default=7, help="of each comparison (%(default)s)")
    options.add_argument("--way", action="append", choices=[way.name for way in WAYS], help="only these, kept alive")
    options.add_argument("--patience", type=float, default=900, help="seconds to wait for quiet (%(default)s)")
    options.add_argument("--keep", action="store_true", help="leave the host")
    options.add_argument("--write", action="store_true", help=f"write {PAGE.name}, {DATA.name} and the plots")
    options.add_argument("--render", action="store_true", help="only write page and plots again from the data")
    arguments = options.parse_args()
    if arguments.render:
        write(json.loads(DATA.read_text()))
        return 0
    began = time.monotonic()
    host = Host()
    try:
        results: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "rounds": arguments.rounds, **machine()}
        results |= {"versions": host.versions(), "workers": host.workers("bare"), "few": host.workers("few")}
        results |= compared(
            host,
            arguments.rounds,
            [way for way in WAYS if way.name in (arguments.way or [way.name])],
            measure.Patience(arguments.patience),
        )
        if not arguments.way:
            results["memory"] = measure.memory(host, min(3, arguments.rounds))
        results["minutes"] = round((time.monotonic() - began) / 60, 1)
    finally:
        if not arguments.keep:
            host.down()
    if arguments.write:
        DATA.write_text(json.dumps(results, indent=1) + "\n")
        write(results)
    print(markdown(results))
    return 0


def compared(host: Host, rounds: int, ways: list[Way], patience: measure.Patience) -> dict[str, Any]:
    """Return every comparison, each with all its ways in turn."""
    facing = [way for way in ways if way.name in (OURS, GUIDE)]
    result = {"kept": measure.in_turn(rounds, ways, partial(measure.requests, host), patience)}
    if len(ways) == len(WAYS):
        takes = {
            "many": partial(measure.requests, host, visitors=measure.MANY),
            "http2": partial(measure.http2, host),
            "full": partial(measure.handshakes, host, kind="full"),
            "resumed": partial(measure.handshakes, host, kind="resumed"),
        }
        result |= {name: measure.in_turn(rounds, facing, take, patience) for name, take in takes.items()}
    return {
        name: {item.way: [asdict(sample) for sample in item.samples] for item in all_} for name, all_ in result.items()
    }


def write(results: dict[str, Any]) -> None:
    """Write the page and its plots."""
    PAGE.write_text(markdown(results))
    for name, text in charts(results).items():
        Path(DATA.with_name(f"serving-{name}.svg")).write_text(text)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"error: {error}")
