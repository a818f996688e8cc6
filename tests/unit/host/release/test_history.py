"""What an audit trail says: one attempt of two lines, the true end of one that was killed, and the way back."""

from __future__ import annotations

import json
from typing import Any, Unpack

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.history import (
    LiveSequence,
    ObservedHost,
    attempts,
    outcome,
    rollback_candidates,
    unfinished,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt, ReleaseRecord


def release(before: str | None, to: str | None, serves: str | None = None) -> Attempt:
    return {"from": before, "to": to, "result": "live", "serves": serves or to, "ended": 1.0}


def rollback(before: str, to: str) -> Attempt:
    return {**release(before, to), "rollback": True}


def failed(before: str | None, to: str) -> Attempt:
    return {"from": before, "to": to, "result": "failed", "serves": before, "ended": 1.0}


def killed(before: str | None, to: str | None, serves: str | None) -> Attempt:
    return {"id": "k1", "from": before, "to": to, "result": "ended", "serves": serves, "ended": None}


def test_two_lines_are_one_attempt() -> None:
    lines: list[Any] = [
        {"to": "v0", "result": "live"},  # from before there were two
        {"id": "a", "by": "ops", "started": 1, "process": "7 8 b"},
        {"id": "b", "by": "eve", "started": 2},
        {"id": "b", "by": "eve", "started": 2, "result": "failed"},
        {"id": "a", "by": "ops", "started": 1, "result": "live", "ended": 3},
        {"to": "v0", "result": "live"},
    ]
    text = "\n".join([*map(json.dumps, lines), '{"id": "c", "by', "[]", ""])
    assert attempts(text) == [
        {"to": "v0", "result": "live"},
        {"id": "a", "by": "ops", "started": 1, "process": "7 8 b", "result": "live", "ended": 3},
        {"id": "b", "by": "eve", "started": 2, "result": "failed"},
        {"to": "v0", "result": "live"},
    ]


@pytest.mark.parametrize(
    ("attempt", "actual", "end"),
    [
        pytest.param(
            {"from": "v1", "to": "v2"},
            ObservedHost("v1", True),
            {"result": "ended", "serves": "v1"},
            id="before the rename",
        ),
        pytest.param(
            {"from": "v1", "to": None},
            ObservedHost("v2"),
            {"result": "ended", "to": "v2", "serves": "v2"},
            id="after it, of a release that had no name at first",
        ),
        pytest.param(
            {"from": "v1", "to": "v2"},
            ObservedHost("v2", True),
            {"result": "live", "to": "v2", "serves": "v2"},
            id="when nothing was left but the drain",
        ),
        pytest.param(
            {"from": None, "to": None}, ObservedHost(), {"result": "ended", "serves": None}, id="the first one"
        ),
        pytest.param(
            {"from": "v1", "to": "v1"}, ObservedHost("v1", True), {"result": "ended", "serves": "v1"}, id="a repair"
        ),
        pytest.param(
            {"pause": "v1"}, ObservedHost("v1", paused=True), {"result": "paused"}, id="a pause that was reached"
        ),
        pytest.param({"pause": "v1"}, ObservedHost("v1"), {"result": "ended"}, id="a pause that was not"),
        pytest.param(
            {"stop": "v1"}, ObservedHost("v1", stopped=True), {"result": "stopped"}, id="a stop that was reached"
        ),
        pytest.param({"stop": "v1"}, ObservedHost("v1"), {"result": "ended"}, id="a stop that was not"),
        pytest.param({"restart": "v1"}, ObservedHost("v1"), {"result": "ended"}, id="a restart"),
        pytest.param(
            {"exec": "x"},
            ObservedHost(command="it took too long"),
            {"result": "it took too long"},
            id="a command that failed",
        ),
        pytest.param({"exec": "x"}, ObservedHost(), {"result": "ended"}, id="a command of which systemd knows nothing"),
    ],
)
def test_the_end_of_a_killed_run(attempt: Attempt, actual: ObservedHost, end: Attempt) -> None:
    assert outcome(attempt, actual) == end


@pytest.mark.parametrize(
    ("past", "live", "is_it"),
    [
        pytest.param([killed("v1", "v2", "v2")], "v2", True, id="killed after the rename"),
        pytest.param(
            [killed("v1", "v2", "v2"), {"exec": "ls", "result": "ended well"}], "v2", True, id="then a command"
        ),
        pytest.param([{**killed("v1", "v2", "v2"), "ended": 2.0}], "v2", True, id="ended by a signal"),
        pytest.param([{**killed("v1", "v2", "v2"), "result": "live"}], "v2", True, id="killed when it was watched"),
        pytest.param([killed("v1", "v2", "v1")], "v1", False, id="killed before the rename"),
        pytest.param([killed("v1", "v2", "v2"), release("v1", "v2")], "v2", False, id="and finished"),
        pytest.param([release("v1", "v2")], "v2", False, id="never cut off"),
        pytest.param([{**killed("v1", "v2", "v2"), "serves": None}], "v2", False, id="of before that was noted"),
        pytest.param([killed(None, None, None)], None, False, id="nothing serves"),
        pytest.param([], "v2", False, id="nothing was done"),
    ],
)
def test_unfinished(past: list[Attempt], live: str | None, is_it: bool) -> None:
    assert unfinished(past, live) == (past[0] if is_it else None)


ABCD = [release(None, "a"), release("a", "b"), release("b", "c"), release("c", "d")]


@pytest.mark.parametrize(
    ("past", "releases", "left"),
    [
        pytest.param(ABCD, "abcd", "", id="releases"),
        pytest.param([*ABCD, rollback("d", "c")], "abcd", "d", id="back"),
        pytest.param([*ABCD, rollback("d", "c"), rollback("c", "b")], "abcd", "cd", id="back twice"),
        pytest.param([*ABCD, rollback("d", "b")], "abcd", "d", id="back to a named one"),
        pytest.param([*ABCD, rollback("d", "a"), rollback("a", "c")], "abcd", "d", id="and forward to a named one"),
        pytest.param([*ABCD, rollback("d", "a"), rollback("a", "d")], "abcd", "", id="and to the one that was left"),
        pytest.param([*ABCD, rollback("d", "b"), release("b", "e")], "abcde", "d", id="and a new one"),
        pytest.param([*ABCD, rollback("d", "b"), release("b", "d")], "abcd", "", id="and the same one again"),
        pytest.param([*ABCD, rollback("d", "b"), release("b", "b")], "abcd", "d", id="and repaired there"),
        pytest.param([*ABCD, release("d", "a")], "bcda", "", id="an old one, released again"),
        pytest.param([*ABCD, release("d", "a"), rollback("a", "d")], "bcda", "a", id="and left again"),
        pytest.param([*ABCD, failed("d", "e")], "abcd", "", id="one that failed"),
        pytest.param([*ABCD, killed("d", "e", "e"), failed("d", "e")], "abcde", "e", id="cut off, then rolled back"),
        pytest.param([*ABCD, killed("d", "e", "e"), release("d", "e")], "abcde", "", id="cut off, then finished"),
        pytest.param([*ABCD, killed("d", "e", "d")], "abcd", "", id="cut off before the rename"),
        pytest.param([*ABCD, {"restart": "d", "result": "live"}], "abcd", "", id="a restart"),
        pytest.param(ABCD[2:], "bcd", "", id="a trail that was cut"),
        pytest.param([*ABCD[2:], rollback("d", "a")], "abcd", "d", id="and back to one that is not in it"),
        pytest.param([{"from": None, "to": "a", "result": "live"}], "a", "", id="of before what served was noted"),
        pytest.param([failed(None, "a")], "", "", id="nothing ever served"),
    ],
)
def test_the_order_of_releases(past: list[Attempt], releases: str, left: str) -> None:
    order = LiveSequence.from_attempts(past)
    assert (order.releases, order.left) == (list(releases), set(left))


def record(live: float | None, **more: Unpack[ReleaseRecord]) -> ReleaseRecord:
    return {"states": {"prepared": 1.0, **({} if live is None else {"live": live})}, **more}


# As the releases' records have it after a rollback from d to a: a went live last.
RECORDS = {"a": record(50), "b": record(20), "c": record(30), "d": record(40)}


@pytest.mark.parametrize(
    ("past", "records", "live", "ways"),
    [
        pytest.param(ABCD, RECORDS, "d", "cba", id="from the newest"),
        pytest.param([*ABCD, rollback("d", "a")], RECORDS, "a", "", id="nothing is before the first"),
        pytest.param([*ABCD, rollback("d", "b")], RECORDS, "b", "a", id="after a named one further back, not forward"),
        pytest.param([*ABCD, rollback("d", "c"), rollback("c", "b")], RECORDS, "b", "a", id="three in a row"),
        pytest.param([*ABCD, rollback("d", "a"), rollback("a", "c")], RECORDS, "c", "ba", id="forward, and back again"),
        pytest.param([*ABCD, release("d", "a"), rollback("a", "d")], RECORDS, "d", "cb", id="not one that was left"),
        pytest.param(ABCD, {**RECORDS, "c": record(30, failed="its gate")}, "d", "ba", id="not one that failed"),
        pytest.param(ABCD, {"a": record(10), "d": record(40)}, "d", "a", id="not one that was removed"),
        pytest.param(ABCD, {**RECORDS, "c": record(None)}, "d", "ba", id="not one that has not served by its record"),
        pytest.param([], RECORDS, "a", "dcb", id="without a trail, as the records have it"),
        pytest.param(ABCD[3:], {**RECORDS, "a": record(10)}, "d", "cba", id="a trail that was cut, then the records"),
        pytest.param([], RECORDS, None, "adcb", id="nothing is live"),
        pytest.param([*ABCD, killed("d", "e", "e")], {**RECORDS, "e": record(60)}, "e", "dcba", id="one cut off"),
    ],
)
def test_ways_back(past: list[Attempt], records: dict[str, ReleaseRecord], live: str | None, ways: str) -> None:
    assert rollback_candidates(past, records, live) == list(ways)
