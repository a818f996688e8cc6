"""What nginx's access log says of visitors, and whose requests these were."""

from __future__ import annotations

import json

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.visits import Switch, Tally, Visit, visits


def line(status: int | str | None, **more: object) -> str:
    return json.dumps({"time": "1970-01-01T00:01:40+00:00", "status": status, **more})


def test_lines() -> None:
    lines = [
        line(200),
        line("502"),
        line(500)[:20],
        "",
        '127.0.0.1 - - "GET / HTTP/1.1" 200 12',
        '{"request": "GET /"}',
        '{"status": 200}',
        line("-"),
        line(None),
        "[503]",
        "503",
        line(499),
        line(500, release="v0"),
        line(201, release="v1"),
        line(504, release="", upstream="unix:/srv/asgi/shop/current/app.sock"),
        line(200, release="", upstream=""),
        line(502, release="", upstream="unix:/run/asgi-deploy/media/shop.sock"),
        line(200, msec="x"),
    ]
    assert [(visit.status, visit.release) for visit in visits(lines)] == [
        *((200, ""), (502, ""), (499, ""), (500, "v0"), (201, "v1"), (504, "")),
    ]


def test_times() -> None:
    """Before nginx has read its configuration again, the end is known to a second."""
    actual = list(visits([line(200, msec=100.25, seconds=60.125), line(200, seconds=1.5), line(200)]))
    assert [(visit.began, visit.ended) for visit in actual] == [(40.125, 100.25), (98.5, 100.0), (100.0, 100.0)]


@pytest.mark.parametrize(
    ("visit", "whose"),
    [
        pytest.param(Visit(500, "v1", 100, 100.5), "new", id="it says so"),
        pytest.param(Visit(500, "v0", 100.1, 100.5), "", id="the one before, over a kept connection"),
        pytest.param(Visit(504, "", 90, 150), "before unclear", id="begun before"),
        pytest.param(Visit(502, "", 100.5, 101), "unclear", id="begun soon after"),
        pytest.param(Visit(502, "", 105, 105.1), "unclear", id="begun just as the last connection is given up"),
        pytest.param(Visit(502, "", 105.01, 106), "new", id="begun later"),
        pytest.param(Visit(499, "", 100.5, 101), "", id="who went away himself"),
        pytest.param(Visit(200, "v0", 60, 61), "before", id="in its last minute"),
        pytest.param(Visit(200, "v0", 30, 39), "", id="earlier"),
        pytest.param(Visit(504, "", 20, 80), "before unclear", id="unanswered in its last minute"),
        pytest.param(Visit(504, "", 14, 80), "unclear", id="of the one before that"),
        pytest.param(Visit(500, "v9", 90, 91), "", id="another one"),
    ],
)
def test_whose(visit: Visit, whose: str) -> None:
    switch = Switch("v1", "v0", at=100, before_since=10)
    actual = {"new": switch.of_new(visit), "before": switch.of_before(visit), "unclear": switch.unclear(visit)}
    assert " ".join(name for name, true in actual.items() if true) == whose


def test_tally() -> None:
    seen = Tally()
    for visit in (Visit(200, "v1", 0, 1), Visit(500, "v1", 0, 1), Visit(504, "", 0, 1), Visit(499, "", 0, 1)):
        seen.add(visit)
    assert (seen.requests, seen.errors, seen.unanswered, seen.failed) == (4, 2, 1, 3)


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [
        (Tally(10, 5), Tally(10, 4), True),
        (Tally(10, 5), Tally(20, 10), False),
        (Tally(10, 4), Tally(10, 5), False),
        (Tally(10, 0, 5), Tally(10, 4), True),
        (Tally(), Tally(), False),
        (Tally(), Tally(10, 1), False),
        (Tally(10, 1), Tally(), True),
    ],
)
def test_worse(one: Tally, other: Tally, worse: bool) -> None:
    assert one.worse_than(other) is worse
