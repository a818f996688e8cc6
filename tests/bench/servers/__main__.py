"""The command line: measure, print, and write down what was measured."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence

from tests import ROOT
from tests.campaigns.soak_report import DATA as SOAK
from tests.campaigns.soak_report import Soak, section
from tests.lab.packages import ensure

from .host import Host
from .measure import Loss, Speed, loss, plain, speed
from .report import Results, markdown, read
from .variants import OPERATIONS, VARIANTS, Variant, possible, worth_timing

PAGE, DATA = ROOT / "docs" / "servers.md", ROOT / "docs" / "benchmarks" / "servers.json"
QUICK = ("gunicorn-uvicorn/bounded", "gunicorn-drain/bounded", "uvicorn-workers/bounded")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for."""
    options = parser().parse_args(arguments)
    if options.render:
        render()
        return 0
    chosen = [item for item in VARIANTS if item.name in (options.variant or names(quick=options.quick))]
    operations = options.operation or (["restart", "recycle"] if options.quick else list(OPERATIONS))
    ensure(("wrk",))
    results = read(DATA) if options.add else Results.begin()
    began = time.monotonic()
    host = Host()
    try:
        results.versions = host.versions()
        for _ in range(options.repeat):
            losses(host, chosen, operations, results)
        speeds(host, [item for item in chosen if worth_timing(item)], 2 if options.quick else options.rounds, results)
    finally:
        host.down()
    results.minutes = round(results.minutes + (time.monotonic() - began) / 60, 1)
    if options.write or options.add:
        DATA.parent.mkdir(parents=True, exist_ok=True)
        DATA.write_text(json.dumps(results.plain(), indent=1) + "\n")
        render()
    print(markdown(results))
    return 0


def page() -> str:
    """Return the page of what was measured, by this and by the soak."""
    return markdown(read(DATA), section(Soak.read(SOAK)) if SOAK.exists() else ())


def render() -> None:
    """Write the page."""
    PAGE.write_text(page())


def parser() -> argparse.ArgumentParser:
    """Return what can be asked for."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.servers", description=__doc__)
    options.add_argument("--quick", action="store_true", help="three variants, two operations: about two minutes")
    options.add_argument("--variant", action="append", choices=[item.name for item in VARIANTS], help="only these")
    options.add_argument("--operation", action="append", choices=list(OPERATIONS), help="only these")
    options.add_argument("--repeat", type=int, default=1, help="how often to do each operation (%(default)s)")
    options.add_argument("--rounds", type=int, default=3, help="rounds of throughput (%(default)s)")
    options.add_argument("--write", action="store_true", help=f"write {PAGE.name} and {DATA.name}")
    options.add_argument("--add", action="store_true", help=f"add to {PAGE.name} and {DATA.name}")
    options.add_argument("--render", action="store_true", help=f"only write {PAGE.name} again from {DATA.name}")
    return options


def names(*, quick: bool) -> list[str]:
    """Return the variants, unless some are named."""
    return list(QUICK) if quick else [variant.name for variant in VARIANTS]


def losses(host: Host, variants: Sequence[Variant], operations: Sequence[str], results: Results) -> None:
    """Perform each operation on each variant."""
    for variant in variants:
        performed = [operation for operation in operations if possible(variant, operation)]
        # Recycling last: it takes another configuration.
        for index, operation in enumerate(sorted(performed, key="recycle".__eq__)):
            if index == 0 or operation == "recycle":
                host.configure(variant, recycling=operation == "recycle")
            else:
                host.settle(variant)
            one = loss(host, variant, operation)
            results.losses.append(one)
            say(one)


def speeds(host: Host, variants: Sequence[Variant], rounds: int, results: Results) -> None:
    """Time all variants in each round, in another order each time, so that noise does not hit always the same one."""
    for _ in range(rounds):
        for variant in random.sample(variants, len(variants)):
            host.configure(variant)
            one = speed(host, variant)
            results.speeds.append(one)
            say(one)


def say(one: Loss | Speed) -> None:
    """Show progress."""
    print(json.dumps(plain(one)), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
