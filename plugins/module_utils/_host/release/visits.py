"""What visitors got, by nginx's access log: of which release, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared.kept_connections import SETTLED

_BEFORE = 60.0  # seconds before a switch that tell how the release before did


@dataclass(frozen=True)
class Visit:
    """A request that nginx handed to an application; times are seconds of the epoch."""

    status: int
    release: str  # that answered; empty where none did, and nginx did so itself
    began: float
    ended: float

    @property
    def error(self) -> bool:
        return self.status >= 500


def visits(lines: Iterable[str]) -> Iterator[Visit]:
    """Yield the requests in lines of the access log; a line that is cut off or foreign is passed over."""
    for line in lines:
        try:
            entry = json.loads(line)
            # Static files are nginx's own: they tell nothing of a release.
            if entry.get("upstream") == "":
                continue
            # Until nginx has read its new configuration there is no `msec`, and the time is of a second.
            ended = float(entry.get("msec") or datetime.fromisoformat(entry["time"]).timestamp())
            began = ended - float(entry.get("seconds", 0))
            yield Visit(int(entry["status"]), str(entry.get("release", "")), began, ended)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue


@dataclass
class Tally:
    """How many requests there were, and how many of them ended with a server error, or without an answer."""

    requests: int = 0
    errors: int = 0
    unanswered: int = 0  # the visitor went away before

    def add(self, visit: Visit) -> None:
        self.requests += 1
        self.errors += visit.error
        self.unanswered += not visit.error and not visit.release

    @property
    def bad(self) -> int:
        return self.errors + self.unanswered

    def worse_than(self, other: Tally) -> bool:
        """Whether the share of what went wrong is greater."""
        return self.bad * max(other.requests, 1) > other.bad * self.requests


@dataclass(frozen=True)
class Switch:
    """From which release to which, and when.

    No line tells which release nginx asked in vain: the upstream has the same name for all. And connections to the
    release before are kept for a while.

    Attributes:
        release: the new one.
        before: the one that it took the place of.
        at: when; in seconds of the epoch.
        before_since: when the one before went live.
    """

    release: str
    before: str | None
    at: float
    before_since: float = 0

    @classmethod
    def from_records(cls, release: str, before: str | None, store: Store) -> Switch:
        """As the records have it."""
        live = {name: float(store.record(name).get("states", {}).get("live", 0)) for name in (release, before) if name}
        return cls(release, before, live[release], live.get(before or "", 0))

    @property
    def settled(self) -> float:
        """What begins later goes to the new release."""
        return self.at + SETTLED

    def of_new(self, visit: Visit) -> bool:
        """Whether a request was surely the new release's."""
        return visit.release == self.release or (not visit.release and visit.began > self.settled)

    def of_before(self, visit: Visit) -> bool:
        """Whether a request was surely the release's before, and tells how that did in its last minute."""
        if visit.began > self.at or visit.ended < self.at - _BEFORE:
            return False
        return visit.release == self.before or (not visit.release and visit.began > self.before_since + SETTLED)

    def unclear(self, visit: Visit) -> bool:
        """Whether either may have failed here."""
        return visit.error and not visit.release and visit.began <= self.settled
