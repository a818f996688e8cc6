"""Servers that go from one application to another."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import neighbours

DOMAINS = ["shop.example.com"]


def plan(name: str, owns: bool, **changes: Any) -> Any:
    result = {"name": name, "state": "present", "direct": None, "domains": DOMAINS, "site": {"owns": owns}}
    return {**result, **changes}


def owners(*names: str) -> Any:
    return {"server_owners": list(names)}


@pytest.mark.parametrize(
    ("owns", "actual", "domains", "concerned"),
    [
        (True, owners("shop"), DOMAINS, True),  # whose server it was in goes
        (True, owners("shop"), ["other.example.com"], True),  # or goes to another domain
        (True, owners(), DOMAINS, True),  # without it the other one has no server
        (True, owners(), ["other.example.com"], False),  # it is only not there yet
        (True, owners("blog"), DOMAINS, False),
        (False, owners("blog"), DOMAINS, True),  # one that is asked for gets the server
        (False, owners("shop"), DOMAINS, False),
        (False, {}, DOMAINS, False),
    ],
)
def test_who_is_concerned(owns: bool, actual: Any, domains: Any, concerned: bool) -> None:
    assert neighbours.is_concerned(plan("blog", owns), actual, [{"name": "shop", "domains": domains}]) is concerned


def test_only_who_is_not_in_the_inventory_loses_its_server() -> None:
    apps: list[dict[str, Json]] = [{"name": "blog"}, {"name": "shop"}, {"name": "gone", "state": "absent"}]
    actual = owners("blog", "gone", "lost", "shop", "../../x", "a" * 25)
    assert neighbours.former_owners(plan("blog", True), actual, apps) == ["gone", "lost"]
    assert neighbours.former_owners(plan("blog", False), actual, apps) == []
    assert neighbours.former_owners(plan("blog", True), actual, []) == [], (
        "a role that is used by itself knows no others"
    )


def test_who_gets_a_server_comes_before_who_gives_it_up() -> None:
    seen: dict[str, Any] = {
        "shop": (plan("shop", True, domains=["new.example.com"]), owners()),
        "blog": (plan("blog", True), owners("shop")),
        "gone": (plan("gone", True, state="absent"), owners("shop")),
    }
    assert neighbours.order_by_servers(["shop", "gone", "blog"], seen) == ["blog", "shop", "gone"]
    seen["blog"] = (plan("blog", True, domains=["192.0.2.1"]), owners("shop"))
    assert neighbours.order_by_servers(["shop", "blog"], seen) == ["shop", "blog"], (
        "of an address nginx takes one server"
    )
