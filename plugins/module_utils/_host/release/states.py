"""The states of a release, and the steps that are left: the whole logic of a deployment, without a host."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import ReleaseRecord

# In this order. Until `live` the release that serves is not touched.
STATES = ("prepared", "released", "started", "gated", "live", "working", "watched", "drained", "pruned")


@dataclass(frozen=True)
class ObservedState:
    """What a host shows of a release.

    Attributes:
        recorded: the states in the record of the release.
        intact: whether its files and units are on disk as they must be.
        running: whether its units are up, and do not drain.
        live: whether `current` names it, and it starts at boot.
        working: whether its processes run, and the timers of its jobs.
        others: other releases that run and do not drain yet.
        surplus: releases to remove.
    """

    recorded: Collection[str] = ()
    intact: bool = False
    running: bool = False
    live: bool = False
    working: bool = True
    others: Collection[str] = ()
    surplus: Collection[str] = ()


def remaining_steps(observed: ObservedState) -> tuple[str, ...]:
    """Return the states that a release has yet to reach, in order; none when it is live and everything is clean.

    >>> remaining_steps(ObservedState(("prepared", "released", "live", "watched"), True, running=True, live=True))
    ()
    """
    prepared = "prepared" in observed.recorded
    up = prepared and "released" in observed.recorded and observed.running
    reached = {
        "prepared": prepared and observed.intact,
        "released": prepared and "released" in observed.recorded,
        "started": up,
        # A release that is up but not live may have been started by a run that was killed before its gate.
        "gated": up and observed.live,
        "live": up and observed.live and "live" in observed.recorded,
        "working": up and observed.live and observed.working,
        "watched": up and observed.live and "watched" in observed.recorded,
        "drained": not observed.others,
        "pruned": not observed.surplus,
    }
    return tuple(state for state in STATES if not reached[state])


def without_reached(left: Collection[str], record: ReleaseRecord) -> tuple[str, ...]:
    """Return the states that are left once a release is on disk: an earlier generation may have run its command.

    >>> without_reached(("prepared", "released", "started"), {"states": {"prepared": 2.0, "released": 1.0}})
    ('started',)
    """
    on_disk = {"prepared", "released"}.intersection(record.get("states", {}))
    return tuple(state for state in left if state not in on_disk)


def can_serve_again(record: ReleaseRecord) -> bool:
    """Return whether a release once served, is complete, and has not failed since."""
    return "live" in record.get("states", {}) and "prepared" in record.get("states", {}) and not record.get("failed")
