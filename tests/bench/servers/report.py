"""The results, and how they read."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .measure import CLIENTS, CONNECTIONS, PAUSE, SECONDS, Loss, Speed, plain
from .variants import EXTRA_SERVERS, OPERATIONS, RETRIES, SERVERS, UPSTREAMS, VARIANTS, Variant

CHOICE = Path(__file__).parent / "files" / "choice.md"
NONE = "-"
REFERENCE = "gunicorn-uvicorn/bounded"
FINALISTS = "gunicorn-uvicorn/bounded --variant gunicorn-drain/bounded"
MORE = [
    f"--variant {FINALISTS} --repeat 2 --rounds 0",
    f"--variant {FINALISTS} --variant gunicorn-asgi/bounded --variant uvicorn-workers/bounded"
    " --variant uvicorn-single/bounded --repeat 0 --rounds 5",
    f"--variant {FINALISTS} --repeat 0 --rounds 6",
]


@dataclass
class Results:
    """All that one run measured."""

    began: float
    versions: dict[str, str] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    speeds: list[Speed] = field(default_factory=list)
    minutes: float = 0

    @property
    def repeated(self) -> bool:
        """Return whether something was measured again, beyond what one run does."""
        return len(self.losses) > len({(losse.variant, losse.operation) for losse in self.losses})

    @classmethod
    def begin(cls) -> Results:
        """Start the clock."""
        return cls(time.time())

    def plain(self) -> dict[str, Any]:
        """Return plain data, for json.dumps."""
        return {
            "date": time.strftime("%Y-%m-%d", time.gmtime(self.began)),
            "began": self.began,
            "minutes": self.minutes,
            "versions": self.versions,
            "losses": [plain(losse) for losse in self.losses],
            "speeds": [plain(speed) for speed in self.speeds],
        }


def read(path: Path) -> Results:
    """Undo `plain`."""
    data = json.loads(path.read_text())
    return Results(
        began=data["began"],
        versions=data["versions"],
        losses=[Loss(**losse) for losse in data["losses"]],
        speeds=[Speed(**speed) for speed in data["speeds"]],
        minutes=data["minutes"],
    )


def markdown(results: Results, more: Sequence[str] = ()) -> str:
    """Return the page, with more at its end."""
    clients = ", ".join(f"{number} {name}" for name, number in CLIENTS.items())
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return "\n".join(
        [
            "# Which server, and which connections to it",
            "",
            "<!-- Written by `python -m tests.bench.servers`, as is described below. -->",
            "",
            *CHOICE.read_text().splitlines(),
            "",
            "## How it was measured",
            "",
            f"On {time.strftime('%Y-%m-%d', time.gmtime(results.began))}, in {results.minutes:.0f} minutes, on a"
            f" machine with 2 cores that had other work to do; a Debian 13 host with {versions}. To repeat:",
            "",
            "```console",
            "$ python -m tests.bench.servers --write",
            *(f"$ python -m tests.bench.servers --add {item}" for item in MORE if results.repeated),
            "```",
            "",
            "nginx ends TLS and connects to a unix socket that systemd holds; two workers; an application that does"
            f" nothing. Visitors ({clients}; a pause of {PAUSE} s after each answer) never repeat a request.",
            "",
            *table(("server", "what it is"), [(item.name, item.about) for item in (*SERVERS, *EXTRA_SERVERS)]),
            "",
            *table(("connections", "what nginx gets"), [(item.name, item.about) for item in (*UPSTREAMS, *RETRIES)]),
            "",
            *table(("operation", "what happens"), list(OPERATIONS.items())),
            "",
            "## Requests that failed",
            "",
            f"Failures of all requests, with the number of runs if there was more than one; {NONE}: was not tried,"
            " because it would say nothing.",
            "",
            *table(("server", "connections", *OPERATIONS), [loss_row(variant, results.losses) for variant in VARIANTS]),
            "",
            "The longest that a visitor waited for a right answer, in seconds:",
            "",
            *table(("server", "connections", *OPERATIONS), [wait_row(variant, results.losses) for variant in VARIANTS]),
            "",
            "## Requests per second",
            "",
            f"`wrk -t1 -c{CONNECTIONS} -d{SECONDS}s` on the same two cores, over TLS on connections that are kept. All"
            f" variants take turns in each round, in random order; the ratio is to {REFERENCE} in the same round. The"
            " other work on the machine makes the numbers vary: differences of a tenth mean nothing.",
            "",
            *table(
                ("server", "connections", "rounds", "median requests/s", "range", "median ratio", "range"),
                speed_rows(results.speeds),
            ),
            "",
            *more,
        ]
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table, without what was not measured."""
    return [
        line(head),
        line(["---"] * len(head)),
        *(line(row) for row in rows if any(set(row[2:]) - {NONE}) or len(row) == 2),
    ]


def line(cells: Sequence[str]) -> str:
    """Return a row."""
    return f"| {' | '.join(cells)} |"


def loss_row(variant: Variant, losses: Sequence[Loss]) -> list[str]:
    """Return the cost of each operation."""
    cells = []
    for operation in OPERATIONS:
        result = [losse for losse in losses if (losse.variant, losse.operation) == (variant.name, operation)]
        failures, requests = sum(item.failures for item in result), sum(entry.requests for entry in result)
        bold = "**" if failures else ""
        runs = f" ({len(result)})" if len(result) > 1 else ""
        cells.append(f"{bold}{failures}{bold} of {requests:,}{runs}" if result else NONE)
    return [variant.server.name, variant.upstream.name, *cells]


def wait_row(variant: Variant, losses: Sequence[Loss]) -> list[str]:
    """Return how long it made visitors wait."""
    cells = []
    for operation in OPERATIONS:
        result = [
            losse.max_seconds for losse in losses if (losse.variant, losse.operation) == (variant.name, operation)
        ]
        cells.append(f"{max(result):.2f}" if result else NONE)
    return [variant.server.name, variant.upstream.name, *cells]


def speed_rows(speeds: Sequence[Speed]) -> list[list[str]]:
    """Return the variants, the fastest first."""
    # All variants of a run take part in each of its rounds, so the same place in their lists is the same minute or so.
    rates = {each: [speed.rate for speed in speeds if speed.variant == each.name] for each in VARIANTS}
    reference = next((values for each, values in rates.items() if each.name == REFERENCE), [])
    rows = []
    for each, values in rates.items():
        ratios = sorted(mine / theirs for mine, theirs in zip(values, reference, strict=False))
        if ratios:
            rows.append((statistics.median(ratios), each, values, ratios))
    return [
        [
            each.server.name,
            each.upstream.name,
            str(len(values)),
            f"{statistics.median(values):,.0f}",
            f"{min(values):,.0f} to {max(values):,.0f}",
            f"{ratio:.2f}",
            f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        ]
        for ratio, each, values, ratios in sorted(rows, key=lambda row: -row[0])
    ]
