"""The answers that visitors got, by nginx's access log: from which release, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared.kept_connections import SETTLED
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import MEDIA

_UPLOADS = f"unix:{MEDIA}/"
_BEFORE = 60.0  # seconds before a switch: requests in them judge the previous release


@dataclass(frozen=True)
class Visit:
    """A request that nginx passed to an application; times are seconds of the epoch.

    Attributes:
        status: of the answer.
        release: the one that answered; empty if none did, and nginx answered itself.
        began: when it came.
        ended: when it was answered.
    """

    status: int
    release: str
    began: float
    ended: float

    @property
    def error(self) -> bool:
        """Return whether it ended with a server error."""
        return self.status >= 500


def visits(lines: Iterable[str]) -> Iterator[Visit]:
    """Yield the requests in lines of the access log; a line that is cut off or foreign is skipped."""
    for line in lines:
        try:
            entry = json.loads(line)
            # Static files and uploads come from nginx: they show nothing of a release.
            if entry.get("upstream") == "" or str(entry.get("upstream")).startswith(_UPLOADS):
                continue
            # Until nginx has read its new configuration there is no `msec`, and the time is in whole seconds.
            ended = float(entry.get("msec") or datetime.fromisoformat(entry["time"]).timestamp())
            began = ended - float(entry.get("seconds", 0))
            yield Visit(int(entry["status"]), str(entry.get("release", "")), began, ended)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue


@dataclass
class Tally:
    """How many requests there were.

    Attributes:
        requests: all of them.
        errors: those that ended with a server error.
        unanswered: those that the visitor gave up before an answer.
    """

    requests: int = 0
    errors: int = 0
    unanswered: int = 0

    def add(self, visit: Visit) -> None:
        """Count a request."""
        self.requests += 1
        self.errors += visit.error
        self.unanswered += not visit.error and not visit.release

    @property
    def failed(self) -> int:
        """Return how many had no good answer."""
        return self.errors + self.unanswered

    def worse_than(self, other: Tally) -> bool:
        """Return whether a greater share of them failed."""
        return self.failed * max(other.requests, 1) > other.failed * self.requests


@dataclass(frozen=True)
class Switch:
    """A switch from one release to another.

    No line shows which release did not answer nginx: the upstream has the same name for all. And connections to the
    previous release are kept for a while.

    Attributes:
        release: the new one.
        before: the one that it replaced, if there was one.
        at: when, in seconds of the epoch.
        before_since: when the previous one went live, in seconds of the epoch.
    """

    release: str
    before: str | None
    at: float
    before_since: float = 0

    @classmethod
    def from_records(cls, release: str, before: str | None, store: Store) -> Switch:
        """Return the switch that the records of both releases describe."""
        live = {name: float(store.record(name).get("states", {}).get("live", 0)) for name in (release, before) if name}
        return cls(release, before, live[release], live.get(before or "", 0))

    @property
    def settled(self) -> float:
        """Return the time after which every new request goes to the new release, in seconds of the epoch."""
        return self.at + SETTLED

    def of_new(self, visit: Visit) -> bool:
        """Return whether a request certainly went to the new release."""
        return visit.release == self.release or (not visit.release and visit.began > self.settled)

    def of_before(self, visit: Visit) -> bool:
        """Return whether a request certainly went to the previous release, in its last minute."""
        if visit.began > self.at or visit.ended < self.at - _BEFORE:
            return False
        return visit.release == self.before or (not visit.release and visit.began > self.before_since + SETTLED)

    def unclear(self, visit: Visit) -> bool:
        """Return whether either release may have caused a failure."""
        return visit.error and not visit.release and visit.began <= self.settled
