"""What the lines of an audit trail say: attempts, what became of those that were cut off, and the way back.

An attempt has one line at its beginning and one at its end, with the same id; the second has all of the first and
`result`. A line without an id is a whole attempt, from before there were two. Nothing here looks at a host.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import can_serve_again

CUT_OFF = "ended"
"""The result of an attempt whose run did not come to its end."""
UNCHANGED = "unchanged"
"""The result of a release that found nothing to do."""


def attempts(text: str) -> list[dict[str, Any]]:
    """Return the attempts of a trail, in the order in which they began; one that is open has no `result`."""
    found: dict[object, dict[str, Any]] = {}
    for number, line in enumerate(text.splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:  # a power cut left half a line
            continue
        if isinstance(entry, dict):
            found.setdefault(entry.get("id", number), {}).update(entry)
    return list(found.values())


def is_open(attempt: Mapping[str, Any]) -> bool:
    return "result" not in attempt


def switches(attempt: Mapping[str, Any]) -> bool:
    """Return whether an attempt is a release or a rollback."""
    return "to" in attempt


@dataclass(frozen=True)
class ObservedHost:
    """What a host shows of an attempt whose run is gone, before any other run has changed it.

    Attributes:
        live: the release that serves.
        watched: whether that one was watched to the end since it went live.
        paused: whether the live release is paused.
        stopped: whether the application is.
        command: how the unit of a command ended, where systemd knows a failure.
    """

    live: str | None = None
    watched: bool = False
    paused: bool = False
    stopped: bool = False
    command: str | None = None


def outcome(attempt: Mapping[str, Any], found: ObservedHost) -> dict[str, Any]:
    """Return what the second line of an open attempt says of its end."""
    if switches(attempt):
        # Where another one serves than before, this attempt has renamed the link: no run has come since.
        renamed = {"to": found.live} if found.live != attempt.get("from") else {}
        return {"result": "live" if renamed and found.watched else CUT_OFF, "serves": found.live, **renamed}
    if "pause" in attempt and found.paused:
        return {"result": "paused"}
    if "stop" in attempt and found.stopped:
        return {"result": "stopped"}
    if "exec" in attempt and found.command:
        return {"result": found.command}
    return {"result": CUT_OFF}


def unfinished(past: Iterable[Mapping[str, Any]], live: str | None) -> Mapping[str, Any] | None:
    """Return the attempt that put the live release live and was cut off then, if none has brought it to its end."""
    for attempt in [*filter(switches, past)][::-1]:
        cut_off = attempt["result"] == CUT_OFF or attempt["ended"] is None
        if live is None or not cut_off or attempt.get("serves") != live:
            return None
        if attempt["from"] != live:
            return attempt
    return None


@dataclass
class LiveSequence:
    """The order in which releases went live, each at its last time; going back does not change it.

    Attributes:
        releases: the oldest first.
        left: those that were gone back from since they last served, by a rollback or as they were taken back.
        live: the one that serves in the end.
    """

    releases: list[str]
    left: set[str]
    live: str | None = None

    @classmethod
    def from_attempts(cls, past: Iterable[Mapping[str, Any]]) -> LiveSequence:
        """Return what attempts come to, each of which has its result."""
        order = cls([], set())
        for attempt in filter(switches, past):
            before, to = attempt.get("from"), attempt["to"]
            if before and not order.releases:  # what was before the trail began
                order._goes_live(before)
            serves = attempt.get("serves", to if attempt.get("result") == "live" else before)
            if serves is None or serves == order.live:
                continue
            if attempt.get("rollback") or attempt.get("result") == "failed":
                order._goes_back(serves)
            else:
                order._goes_live(serves)
        return order

    def before(self, release: str | None) -> list[str]:
        """Return those that went live before a release and were not left, the last first; all for an unknown one."""
        end = self.releases.index(release) if release in self.releases else len(self.releases)
        return [one for one in self.releases[:end][::-1] if one not in self.left and one != release]

    def _goes_live(self, release: str) -> None:
        self.releases = [*(one for one in self.releases if one != release), release]
        self.left.discard(release)
        self.live = release

    def _goes_back(self, release: str) -> None:
        if release not in self.releases:
            self.releases.insert(0, release)
        if self.live and self.releases.index(release) < self.releases.index(self.live):
            self.left.add(self.live)  # one of a name may also lead forward
        self.left.discard(release)
        self.live = release


def rollback_candidates(
    past: Iterable[Mapping[str, Any]], records: Mapping[str, Mapping[str, Any]], live: str | None
) -> list[str]:
    """Return the releases that a rollback may lead to by itself, the one to take first.

    Args:
        past: the attempts of the trail, each with its result.
        records: those of the releases on the host.
        live: the release that serves.
    """
    past = list(past)
    known = {attempt.get(key) for attempt in past if switches(attempt) for key in ("from", "to", "serves")}
    # Of a trail that somebody has cut or removed what served before is known by its record only.
    times = {name: record.get("states", {}).get("live") for name, record in records.items() if name not in known}
    before = sorted((name for name in times if times[name]), key=lambda name: (times[name], name), reverse=True)
    ways = [*LiveSequence.from_attempts(past).before(live), *before]
    return [name for name in ways if name != live and can_serve_again(records.get(name, {}))]
