"""Servers of nginx that go from one application to another, from whose they are on the host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NAME_MAX, NGINX
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import domains_of

Plan = Mapping[str, Any]
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def moves(plan: Plan, found: Mapping[str, Any]) -> bool:
    """Whether an application must get a server of its own, or give up the one that it has.

    Args:
        plan: the application's.
        found: what was found of it on the host.
    """
    return bool(plan["site"]["owns"]) != (plan["name"] in found.get("server_owners", ()))


def is_concerned(plan: Plan, found: Mapping[str, Any], asked: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a run for other applications has to give a neighbour another server, or to take its own from it.

    One of which no domain is served, and that shares none with those, is only not there yet.

    Args:
        plan: the neighbour's.
        found: what was found of it on the host.
        asked: the entries that the run is for.
    """
    shared = {domain for app in asked for domain in domains_of(app)}.intersection(plan["domains"])
    return moves(plan, found) and bool(shared or found.get("server_owners"))


def former_owners(plan: Plan, found: Mapping[str, Any], apps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return who has a server with the application's names and is not to have it: it goes in the same step.

    Args:
        plan: the application's.
        found: what was found of it on the host.
        apps: the entries of all applications of the host.
    """
    present = {str(app.get("name")) for app in apps if app.get("state") != "absent"}
    if not plan["site"]["owns"] or plan["name"] not in present:
        return []
    others = [str(name) for name in found.get("server_owners", ()) if name not in present]
    return [name for name in others if _NAME.fullmatch(name) and len(name) <= NAME_MAX]


def former_drift(names: Iterable[str]) -> list[str]:
    """Return the files of these that are there."""
    return [f"{NGINX}/sites/{name}.conf" for name in names]


def in_order(order: Sequence[str], seen: Mapping[str, tuple[Plan, Mapping[str, Any]]]) -> list[str]:
    """Return who gets a server that another one has before all others, so that the names are never without one.

    Args:
        order: the names of applications in the order in which they would come.
        seen: for each its plan and what was found; of an address nginx takes one server only.
    """

    def gains(name: str) -> bool:
        plan, found = seen.get(name, ({}, {}))
        if not plan or plan["state"] != "present" or plan["direct"] or any(map(is_address, plan["domains"])):
            return False
        return bool(plan["site"]["owns"] and found.get("server_owners") and moves(plan, found))

    return sorted(order, key=lambda name: not gains(name))
