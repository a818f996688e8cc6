"""What is left to do for a release, and which one to go back to."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import (
    STATES,
    ObservedState,
    can_serve_again,
    remaining_steps,
    without_reached,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import ReleaseRecord

BUILT = ("prepared",)
RELEASED = ("prepared", "released")
GATED = ("prepared", "released", "started", "gated")
LIVE = (*GATED, "live")
WATCHED = (*LIVE, "watched")
FROM_START = ("started", "gated", "live", "working", "watched")


def serving(**changes: Any) -> ObservedState:
    """Return a release that serves and was watched, on a tidy host."""
    return ObservedState(**{"recorded": WATCHED, "intact": True, "running": True, "live": True, **changes})


@pytest.mark.parametrize(
    ("seen", "left"),
    [
        pytest.param(ObservedState(), ("prepared", "released", *FROM_START), id="nothing there"),
        pytest.param(
            ObservedState(others=["v0"], surplus=["v-1"]),
            STATES,
            id="nothing there, another serves, and one more is surplus",
        ),
        pytest.param(ObservedState(BUILT, intact=True), ("released", *FROM_START), id="prepared"),
        pytest.param(ObservedState(BUILT), ("prepared", "released", *FROM_START), id="prepared, then changed"),
        pytest.param(
            ObservedState(BUILT, intact=True, running=True),
            ("released", *FROM_START),
            id="prepared and up, with its command not run",
        ),
        pytest.param(ObservedState(RELEASED, intact=True), FROM_START, id="released"),
        pytest.param(ObservedState(RELEASED), ("prepared", *FROM_START), id="released, then changed"),
        pytest.param(
            ObservedState(RELEASED, intact=True, running=True),
            ("gated", "live", "working", "watched"),
            id="running, gate not passed",
        ),
        pytest.param(
            ObservedState(GATED, intact=True, running=True, others=["v0"]),
            ("gated", "live", "working", "watched", "drained"),
            id="gated by a run that was killed",
        ),
        pytest.param(ObservedState(GATED, intact=True, running=False), FROM_START, id="gated once, down since"),
        pytest.param(
            ObservedState(WATCHED, intact=True, running=True),
            ("gated", "live", "working", "watched"),
            id="served once, still up for its last connections",
        ),
        pytest.param(ObservedState(WATCHED, intact=True), FROM_START, id="served once, stopped since"),
        pytest.param(serving(recorded=LIVE), ("watched",), id="live, not watched to the end"),
        pytest.param(
            serving(recorded=LIVE, others=["v0"]), ("watched", "drained"), id="live, not watched, the one before runs"
        ),
        pytest.param(serving(), (), id="live and tidy"),
        pytest.param(serving(recorded=GATED), ("live", "watched"), id="renamed by a run that was killed at once"),
        pytest.param(serving(intact=False), ("prepared",), id="live, with changed files"),
        pytest.param(serving(running=False), FROM_START, id="live, but down"),
        pytest.param(serving(running=False, intact=False), ("prepared", *FROM_START), id="live, changed and down"),
        pytest.param(serving(recorded=()), ("prepared", "released", *FROM_START), id="live, and its record is lost"),
        pytest.param(serving(working=False), ("working",), id="live, with a process down"),
        pytest.param(
            serving(recorded=LIVE, working=False, others=["v0"]),
            ("working", "watched", "drained"),
            id="renamed by a run that was killed before the processes moved",
        ),
        pytest.param(
            ObservedState(WATCHED, intact=True, running=True, working=True),
            ("gated", "live", "working", "watched"),
            id="served once, its processes still run",
        ),
        pytest.param(serving(others=["v0"]), ("drained",), id="live and watched, others run"),
        pytest.param(serving(surplus=["v0"]), ("pruned",), id="live and watched, one is surplus"),
        pytest.param(serving(others=["v1"], surplus=["v0"]), ("drained", "pruned"), id="both"),
    ],
)
def test_remaining(seen: ObservedState, left: tuple[str, ...]) -> None:
    assert remaining_steps(seen) == left


def record(live: float | None = None, failed: str | None = None, **states: float) -> ReleaseRecord:
    result = {"prepared": 1.0, **states, **({} if live is None else {"live": live})}
    return {"states": result, "failed": failed}


@pytest.mark.parametrize(
    ("actual", "can"),
    [
        pytest.param(record(live=2), True, id="served"),
        pytest.param({"states": {"prepared": 1, "live": 2}}, True, id="served, and nothing was ever said against it"),
        pytest.param(record(live=2, failed="the service does not stay up"), False, id="rolled back"),
        pytest.param(record(failed="GET / answered 500"), False, id="gate not passed"),
        pytest.param(record(), False, id="only prepared"),
        pytest.param(record(released=2, started=3, gated=4), False, id="never live"),
        pytest.param({"states": {"live": 2}}, False, id="not whole"),
        pytest.param({"states": {}}, False, id="no states"),
        pytest.param({}, False, id="no record"),
    ],
)
def test_can_serve_again(actual: ReleaseRecord, can: bool) -> None:
    assert can_serve_again(actual) is can


def test_the_command_of_a_release_is_not_run_again_in_its_next_generation() -> None:
    assert "released" not in without_reached(STATES, {"states": {"prepared": 5.0, "released": 1.0}})
    assert without_reached(STATES, {"states": {"prepared": 5.0}})[0] == "released"
