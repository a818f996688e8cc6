"""The content of an audit trail: attempts, how those that were cut off ended, and the targets of a rollback.

An attempt has one line at its beginning and one at its end, with the same id; the second has all fields of the first
and `result`. A line without an id is a whole attempt, from a version that wrote only one. Nothing here reads a host.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import can_serve_again

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt, ReleaseRecord

CUT_OFF = "ended"
"""The result of an attempt that was cut off."""
UNCHANGED = "unchanged"
"""The result of a release that had nothing to do."""


def attempts(text: str) -> list[Attempt]:
    """Return the attempts of a trail, in the order in which they began; an open one has no `result`."""
    by_id: dict[str | int, Attempt] = {}
    for number, line in enumerate(text.splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:  # a power cut left half a line
            continue
        if isinstance(entry, dict):
            by_id.setdefault(entry.get("id", number), {}).update(cast("Attempt", entry))
    return list(by_id.values())


def is_open(attempt: Attempt) -> bool:
    """Return whether the second line of an attempt is missing."""
    return "result" not in attempt


def switches(attempt: Attempt) -> bool:
    """Return whether an attempt is a release or a rollback."""
    return "to" in attempt


@dataclass(frozen=True)
class ObservedHost:
    """What a host shows of an attempt that was cut off, before any other run has changed it.

    Attributes:
        live: the release that serves.
        watched: whether that release was watched to the end since it went live.
        paused: whether the live release is paused.
        stopped: whether the application is stopped.
        command: how the unit of a command ended, if systemd knows a failure.
    """

    live: str | None = None
    watched: bool = False
    paused: bool = False
    stopped: bool = False
    command: str | None = None


def outcome(attempt: Attempt, observed: ObservedHost) -> Attempt:
    """Return what the second line of an open attempt says of its end."""
    if switches(attempt):
        # If the live release is not the one from before, this attempt renamed the link: no run has come since.
        if observed.live == attempt.get("from"):
            return {"result": CUT_OFF, "serves": observed.live}
        return {"result": "live" if observed.watched else CUT_OFF, "serves": observed.live, "to": observed.live}
    if "pause" in attempt and observed.paused:
        return {"result": "paused"}
    if "stop" in attempt and observed.stopped:
        return {"result": "stopped"}
    if "exec" in attempt and observed.command:
        return {"result": observed.command}
    return {"result": CUT_OFF}


def unfinished(past: Iterable[Attempt], live: str | None) -> Attempt | None:
    """Return the attempt that put the live release live and was cut off then; None if another one completed it."""
    for attempt in [*filter(switches, past)][::-1]:
        cut_off = attempt["result"] == CUT_OFF or attempt["ended"] is None
        if live is None or not cut_off or attempt.get("serves") != live:
            return None
        if attempt["from"] != live:
            return attempt
    return None


@dataclass
class LiveSequence:
    """The order in which releases went live, each at its last time; a rollback does not change it.

    Attributes:
        releases: the oldest first.
        left: those that a rollback or a failed watch has replaced since they last served.
        live: the one that serves in the end.
    """

    releases: list[str]
    left: set[str]
    live: str | None = None

    @classmethod
    def from_attempts(cls, past: Iterable[Attempt]) -> LiveSequence:
        """Return the sequence that attempts, each with its result, add up to."""
        sequence = cls([], set())
        for attempt in filter(switches, past):
            before, to = attempt.get("from"), attempt["to"]
            if before and not sequence.releases:  # it went live before the trail began
                sequence._goes_live(before)
            serves = attempt.get("serves", to if attempt.get("result") == "live" else before)
            if serves is None or serves == sequence.live:
                continue
            if attempt.get("rollback") or attempt.get("result") == "failed":
                sequence._goes_back(serves)
            else:
                sequence._goes_live(serves)
        return sequence

    def before(self, release: str | None) -> list[str]:
        """Return those that went live before a release and were not left, the last first; all for an unknown one."""
        end = self.releases.index(release) if release in self.releases else len(self.releases)
        return [name for name in self.releases[:end][::-1] if name not in self.left and name != release]

    def _goes_live(self, release: str) -> None:
        self.releases = [*(name for name in self.releases if name != release), release]
        self.left.discard(release)
        self.live = release

    def _goes_back(self, release: str) -> None:
        if release not in self.releases:
            self.releases.insert(0, release)
        if self.live and self.releases.index(release) < self.releases.index(self.live):
            self.left.add(self.live)  # a rollback to a named release may also lead forward
        self.left.discard(release)
        self.live = release


def rollback_candidates(past: Iterable[Attempt], records: Mapping[str, ReleaseRecord], live: str | None) -> list[str]:
    """Return the releases that a rollback may choose by itself, the best first.

    Args:
        past: the attempts of the trail, each with its result.
        records: those of the releases on the host.
        live: the release that serves.
    """
    past = list(past)
    switched = [attempt for attempt in past if switches(attempt)]
    known = {name for attempt in switched for name in (attempt.get("from"), attempt.get("to"), attempt.get("serves"))}
    # If the trail was cut or removed, only the record of a release shows that it served.
    times = {name: record.get("states", {}).get("live", 0) for name, record in records.items() if name not in known}
    before = sorted((name for name in times if times[name]), key=lambda name: (times[name], name), reverse=True)
    candidates = [*LiveSequence.from_attempts(past).before(live), *before]
    return [name for name in candidates if name != live and can_serve_again(records.get(name, {}))]
