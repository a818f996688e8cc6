"""A long day of one site: releases and ways back under traffic of every kind, against the same traffic undisturbed."""

from __future__ import annotations

import argparse
import sys
import time

from tests.integration import hosts
from tests.integration.conftest import Web, web
from tests.traffic import Report, Traffic

MIX = {"get": 4, "new": 2, "post": 3, "http2": 1, "websocket": 2, "pause": 0.02}
STEADY_SECONDS = 60


def release(site: Web, number: int) -> None:
    """A release that was never there before; the version alternates."""
    wanted = hosts.only(site.domain, version=("v1.0.0", "v1.1.0")[number % 2], env={"RUN": str(number)})
    hosts.playbook("--extra-vars", wanted, f"--limit={site.host.name}").ok()


def campaign(site: Web, deploys: int, rollbacks: int) -> Report:
    """Releases under traffic, with a way back every so often."""
    every = max(1, deploys // rollbacks) if rollbacks else deploys + 1
    with Traffic(
        site.url, connect=site.host.address, ca=site.ca, seconds=60 + 40 * (deploys + rollbacks), **MIX
    ) as flow:
        for number in range(1, deploys + 1):
            release(site, number)
            if number % every == 0:
                before = site.live()
                hosts.playbook(f"--limit={site.host.name}", name="rollback").ok()
                assert site.live() != before, "a way back that led nowhere"
            print(f"{time.strftime('%H:%M:%S')}  {number} of {deploys} releases; live is {site.live()}", flush=True)
    return flow.report


def steady(site: Web) -> Report:
    with Traffic(site.url, connect=site.host.address, ca=site.ca, **MIX) as flow:
        time.sleep(STEADY_SECONDS)
    return flow.report


def table(undisturbed: Report, disturbed: Report) -> str:
    """Both runs side by side, in milliseconds."""
    rows = [f"{'':12}{'p50':>8}{'p99':>8}{'max':>8}   {'p50':>8}{'p99':>8}{'max':>8}"]
    for name, mode in disturbed.modes.items():
        was = undisturbed.modes[name]
        numbers = (was.p50, was.p99, was.max), (mode.p50, mode.p99, mode.max)
        cells = "   ".join("".join(f"{value * 1000:8.1f}" for value in one) for one in numbers)
        rows.append(f"{name:12}{cells}")
    return "\n".join([f"{'':12}{'steady':^24}   {'during releases':^24}", *rows])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deploys", type=int, default=50)
    parser.add_argument("--rollbacks", type=int, default=10)
    options = parser.parse_args()
    hosts.up(["release"])
    try:
        hosts.playbook("--limit=web1").ok()
        site = web("web1")
        undisturbed = steady(site)
        report = campaign(site, options.deploys, options.rollbacks)
    finally:
        hosts.down()
    print(f"\n{options.deploys} releases and {options.rollbacks} ways back: {report}\n\n{table(undisturbed, report)}")
    lost = report.failures + report.websocket_closed
    print(f"\n{report.requests} requests, {report.failures} failed, {report.websocket_closed} WebSockets cut")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
