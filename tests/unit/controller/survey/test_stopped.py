"""What is said of an application that is stopped."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import pending, stopped

PLAN: Any = {"version": "v2"}
START = "asgi.deploy.start starts v1-1a"
FOUND: Any = {"stopped": "stopped since noon by ada", "before": "v1-1a", "changed": False, "noted": True}


@pytest.mark.parametrize(
    ("actual", "says"),
    [
        ({"stopped": None, "release": "v2-2b"}, ""),
        ({"release": "v1-1a"}, "stopped since noon by ada; asgi.deploy.start starts v1-1a"),
        (
            {"release": "v2-2b"},
            f"stopped since noon by ada; v2-2b waits: {START}, and asgi.deploy.site then releases",
        ),
        (
            {"release": None},
            f"stopped since noon by ada; v2 waits: {START}, and asgi.deploy.site then releases",
        ),
    ],
)
def test_the_version_that_waits_is_named(actual: Any, says: str) -> None:
    observed: Any = {**FOUND, **actual}
    assert stopped.text(PLAN, observed) == says


def test_a_look_that_failed_says_nothing() -> None:
    assert stopped.text(PLAN, {"failed": "no git"}) == ""


def test_what_is_refused_is_pending() -> None:
    """So that a playbook that releases fails, and does not pass over it."""
    assert not pending.differs("release", FOUND)
    refused: Any = {**FOUND, "refusals": [stopped.refusal(FOUND)]}
    assert pending.differs("release", refused)
    assert stopped.refusal(FOUND) == "stopped since noon by ada; run asgi.deploy.start first"


@pytest.mark.parametrize(
    ("direct", "port_stays", "left"),
    [(None, False, ["site"]), (None, True, []), ({"tls": {}}, False, ["public"]), ({"tls": {}}, True, ["public"])],
)
def test_visitors_of_what_is_stopped_come_the_same_way(direct: Any, port_stays: bool, left: list[str]) -> None:
    """Its live release is started again, which is of the proxy that it had."""
    paths = {"site": "/etc/nginx/asgi/sites/shop.conf", "public": "/etc/systemd/system/asgi-shop.public.socket"}
    units = ["asgi-shop.public.socket"]
    plan: Any = {"name": "shop", "direct": direct, "public_units": units, "port_stays": port_stays}
    actual: Any = {"drift": [*paths.values(), "/etc/motd"]}
    certificate: Any = {"drift": ["/etc/key"], "pending_certificates": {"shop": "there is none"}}
    stopped.leave_proxy(plan, actual, certificate)
    assert not pending.differs("parts", certificate), "the live release reads it as it is"
    assert (plan["stopped"], actual["drift"]) == (True, [*(paths[name] for name in left), "/etc/motd"])


def test_the_certificate_of_what_stays_behind_its_proxy_is_ensured() -> None:
    plan: Any = {"name": "shop", "direct": None, "public_units": ["asgi-shop.public.socket"], "port_stays": False}
    certificate: Any = {"drift": [], "pending_certificates": {"shop": "it has expired"}}
    stopped.leave_proxy(plan, {"drift": ["/etc/motd"]}, certificate)
    assert pending.differs("parts", certificate)
