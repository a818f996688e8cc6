"""What is said of a release that is live."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.observation import (
    ReleaseHealth,
    UnitCondition,
    judge,
)

SLOW = "GET /ready: no answer within 2 s"


def service(down: str = "", up_for: float = 1000, ends: int = 0) -> UnitCondition:
    return UnitCondition("the service", down, up_for, ends)


@pytest.mark.parametrize(
    ("runs", "answer", "errors", "unproven"),
    [
        pytest.param([service()], None, "", "", id="well"),
        pytest.param([service(up_for=1)], None, "", "", id="just started, by us"),
        pytest.param([service(ends=9)], None, "", "", id="up again for long enough"),
        pytest.param(
            [service(up_for=12.4, ends=1)],
            None,
            "",
            "the service has ended once in the last 10 minutes, and is up for 12 s",
            id="ended once",
        ),
        pytest.param(
            [service(up_for=59.4, ends=2)],
            None,
            "",
            "the service has ended twice in the last 10 minutes, and is up for 59 s",
            id="ended twice",
        ),
        pytest.param(
            [service(up_for=59, ends=3)],
            None,
            "the service does not stay up: it has ended 3 times in the last 10 minutes",
            "",
            id="again and again",
        ),
        pytest.param([service(up_for=60, ends=3)], None, "", "", id="proven"),
        pytest.param(
            [service("its process ended with status 7", 0, 1)],
            None,
            "the service is down: its process ended with status 7",
            "",
            id="down",
        ),
        pytest.param([service()], SLOW, SLOW, "", id="no answer"),
        pytest.param(
            [service(), UnitCondition("process worker (2)", "", 0, 3)],
            SLOW,
            f"process worker (2) does not stay up: it has ended 3 times in the last 10 minutes; {SLOW}",
            "",
            id="all that is wrong",
        ),
    ],
)
def test_judge(runs: list[UnitCondition], answer: str | None, errors: str, unproven: str) -> None:
    actual = judge("v1", runs, answer)
    assert (actual.failure, actual.unproven if not errors else "") == (errors, unproven)


@pytest.mark.parametrize(
    ("health", "summary", "doubt"),
    [
        (ReleaseHealth("v1"), "v1 still serves", ""),
        (ReleaseHealth("v1", failure="no"), "v1 is live, but not well: no", "v1 is live, but not well: no"),
        (
            ReleaseHealth("v1", unproven="why"),
            "v1 still serves, which is not proven: why",
            "v1 serves, which is not proven: why",
        ),
    ],
)
def test_health_is_described(health: ReleaseHealth, summary: str, doubt: str) -> None:
    assert (health.summary(), health.doubt) == (summary, doubt)
