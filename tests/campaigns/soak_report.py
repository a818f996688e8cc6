"""What a soak came to: the losses by kind of event, as data, as a table, and as a part of docs/servers.md."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.campaigns.foreign import CONNECTIONS

DATA = ROOT / "docs" / "benchmarks" / "soak.json"
EVENTS = {
    "switch": "a release, or every fifth time a way back, until the one before has drained",
    "reload": "`systemctl reload nginx`, until the workers of before have ended",
    "renewal": "the timer's service renews the certificate, until the workers of before have ended",
    "recycling": "a worker ends after `max_requests`, and another one starts; with a release to that and one back",
    "kill": "SIGKILL of one worker, until there is another one",
    "none": "nothing happens: the rest of the time",
}
RELOADS = ("reload", "renewal")  # of nginx
HEAD = (
    *("event", "times", "requests of hey", "GET lost", "POST lost"),
    *("requests of tests.traffic", "lost", "WebSockets cut"),
)


@dataclass
class Row:
    """What came of one kind of event: of the foreign client, and of this project's own."""

    times: int = 0
    requests: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    own_requests: int = 0
    own_lost: int = 0
    websockets_cut: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, other: Row) -> None:
        for name in ("times", "requests", "own_requests", "own_lost", "websockets_cut"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.lost = dict(Counter(self.lost) + Counter(other.lost))
        self.reasons = dict(Counter(self.reasons) + Counter(other.reasons))

    def cells(self, kind: str) -> tuple[str, ...]:
        times = "" if kind in ("none", "all") else str(self.times)
        lost = (str(self.lost.get(method, 0)) for method in ("GET", "POST"))
        own = (f"{self.own_requests:,}", str(self.own_lost), str(self.websockets_cut))
        return (kind, times, f"{self.requests:,}", *lost, *own)


@dataclass
class Soak:
    """A whole campaign.

    Attributes:
        began: in seconds of the epoch.
        seconds: how long it took.
        host: the system and programs of the host, with their versions.
        capacity: requests a second that the host answered before it, as fast as it could.
        pace: requests a second of the foreign client.
        rows: by kind of event.
    """

    began: float
    seconds: float
    host: dict[str, str]
    capacity: float
    pace: float
    rows: dict[str, Row]

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, path: Path) -> Soak:
        """Undo `plain`."""
        data = json.loads(path.read_text())
        return cls(**data | {"rows": {kind: Row(**row) for kind, row in data["rows"].items()}})

    @property
    def failures(self) -> list[str]:
        """Return what must not have happened; see the part of the page that explains losses."""
        result = []
        for kind, row in self.rows.items():
            # A worker that is killed takes with it the requests that it has in hand.
            allowed = 2 * row.times if kind in RELOADS and self.closes_idle_connections else 0
            lost = {"hey": sum(row.lost.values()), "tests.traffic": row.own_lost, "WebSockets": row.websockets_cut}
            limits = {"hey": allowed, "tests.traffic": allowed, "WebSockets": 0}
            if kind != "kill":
                result += [f"{kind}: {who} lost {lost[who]}" for who in lost if lost[who] > limits[who]]
        return result

    @property
    def closes_idle_connections(self) -> bool:
        """Return whether nginx closes at a reload what is idle, without `keepalive_min_timeout`."""
        return tuple(map(int, self.host["nginx"].split("."))) < (1, 27, 4)

    @property
    def total(self) -> Row:
        total = Row()
        for row in self.rows.values():
            total.add(row)
        return total


def table(soak: Soak) -> list[str]:
    """Return a row for each kind of event, and one for all."""
    rows = [soak.rows[kind].cells(kind) for kind in EVENTS if kind in soak.rows]
    return _table(HEAD, [*rows, soak.total.cells("all")])


def section(soak: Soak) -> list[str]:
    """Return the part of the page."""
    day = time.strftime("%Y-%m-%d", time.gmtime(soak.began))
    versions = ", ".join(f"{name} {version}" for name, version in soak.host.items())
    reasons = sorted(soak.total.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    clients = sum(CONNECTIONS.values())
    cells = [(f"`{text}`", str(count)) for text, count in reasons]
    why = ["What was lost:", "", *_table(("answer or error", "times"), cells), ""]
    return [
        "## A long day of one site",
        "",
        f"On {day}, in {soak.seconds / 60:.0f} minutes: the application as `site` sets it up, with {versions}."
        f" hey of Debian sends {soak.pace:.0f} requests a second on {clients} kept connections, a quarter POSTs;"
        f" it answered {soak.capacity:.0f} a second as fast as it could, with hey on the same machine. hey repeats"
        " a GET whose connection was closed before an answer began, and never a POST; tests.traffic, which is there all"
        " the time, repeats nothing.",
        "",
        "```console",
        "$ make soak SOAK=--write",
        "```",
        "",
        *_table(("event", "what happens"), list(EVENTS.items())),
        "",
        *table(soak),
        "",
        *(why if reasons else []),
        "A worker that is killed takes with it the requests that it has in hand. At a [reload](web.md#of-the-host),"
        " nginx before 1.27.4 closes kept connections on which a request may be on its way; more than two of them for"
        " each reload fail the campaign. So does any other loss.",
        "",
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines]
