"""Servers of nginx that pass from one application to another, by the owners that an inspection of the host found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NAME_MAX, NGINX
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import domains_of

_NAME = re.compile(r"[a-z][a-z0-9-]*")


def moves(plan: AppPlan, observed: Observation) -> bool:
    """Return whether an application must get a server of its own, or give up the one that it has."""
    return bool(plan["site"]["owns"]) != (plan["name"] in observed.get("server_owners", ()))


def is_concerned(plan: AppPlan, observed: Observation, requested: Iterable[Mapping[str, Json]]) -> bool:
    """Return whether a run for other applications must give a neighbour another server, or take its own away.

    A neighbour of which no domain is served, and that shares none with those applications, is only not deployed yet.

    Args:
        plan: the neighbour's.
        observed: what the host reports of it.
        requested: the entries that the run is for.
    """
    shared = {domain for app in requested for domain in domains_of(app)}.intersection(plan["domains"])
    return moves(plan, observed) and bool(shared or observed.get("server_owners"))


def former_owners(plan: AppPlan, observed: Observation, apps: Iterable[Mapping[str, Json]]) -> list[str]:
    """Return the applications that must lose a server with the application's names in the same step.

    Args:
        plan: the application's.
        observed: what the host reports of it.
        apps: the entries of all applications of the host.
    """
    present = {str(app.get("name")) for app in apps if app.get("state") != "absent"}
    if not plan["site"]["owns"] or plan["name"] not in present:
        return []
    others = [str(name) for name in observed.get("server_owners", ()) if name not in present]
    return [name for name in others if _NAME.fullmatch(name) and len(name) <= NAME_MAX]


def former_drift(names: Iterable[str]) -> list[str]:
    """Return the files of former owners that are still there."""
    return [f"{NGINX}/sites/{name}.conf" for name in names]


def order_by_servers(order: Sequence[str], apps_by_name: Mapping[str, tuple[AppPlan, Observation]]) -> list[str]:
    """Return the applications that get another one's server first, so that its names are never without a server.

    Args:
        order: the names of applications in the order of a run.
        apps_by_name: for each its plan and what the host reports; for an address nginx takes one server only.
    """

    def gains(name: str) -> bool:
        """Return whether an application gets the server of another one."""
        if name not in apps_by_name:
            return False
        plan, observed = apps_by_name[name]
        if plan["state"] != "present" or plan["direct"] or any(map(is_address, plan["domains"])):
            return False
        return bool(plan["site"]["owns"] and observed.get("server_owners") and moves(plan, observed))

    return sorted(order, key=lambda name: not gains(name))
