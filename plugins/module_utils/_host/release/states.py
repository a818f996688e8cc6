"""The states a release goes through, and what is left to do for it: the whole logic of a deployment, without a host."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

# In this order. Until `live` the release that serves is not touched.
STATES = ("prepared", "released", "started", "gated", "live", "working", "watched", "drained", "pruned")


@dataclass(frozen=True)
class ObservedState:
    """What is found on the host for a wanted release."""

    recorded: Collection[str] = ()  # states in the release's record
    intact: bool = False  # its files and units are on disk as they shall be
    running: bool = False  # its units are up, and stay so
    live: bool = False  # `current` names it, and it starts at boot
    working: bool = True  # its processes run, and the timers of its jobs
    others: Collection[str] = ()  # other releases that run and do not drain yet
    surplus: Collection[str] = ()  # releases that are not kept


def remaining_steps(seen: ObservedState) -> tuple[str, ...]:
    """The states that a release has yet to reach, in order; nothing when it serves and all is tidy.

    >>> remaining(Seen(("prepared", "released", "live", "watched"), intact=True, running=True, live=True))
    ()
    """
    prepared = "prepared" in seen.recorded
    up = prepared and "released" in seen.recorded and seen.running
    reached = {
        "prepared": prepared and seen.intact,
        "released": prepared and "released" in seen.recorded,
        "started": up,
        # One that is up and not live may be one whose gate a killed run did not wait for.
        "gated": up and seen.live,
        "live": up and seen.live and "live" in seen.recorded,
        "working": up and seen.live and seen.working,
        "watched": up and seen.live and "watched" in seen.recorded,
        "drained": not seen.others,
        "pruned": not seen.surplus,
    }
    return tuple(state for state in STATES if not reached[state])


def without_reached(left: Collection[str], record: Mapping[str, Any]) -> tuple[str, ...]:
    """The states that are left once a release is on disk: another generation of it may have run its command.

    >>> without_reached(("prepared", "released", "started"), {"states": {"prepared": 2.0, "released": 1.0}})
    ('started',)
    """
    on_disk = {"prepared", "released"}.intersection(record.get("states", {}))
    return tuple(state for state in left if state not in on_disk)


def can_serve_again(record: Mapping[str, Any]) -> bool:
    """Whether a release once served, is complete, and did not fail since."""
    return "live" in record.get("states", {}) and "prepared" in record.get("states", {}) and not record.get("failed")
