"""Applications that come behind nginx on the port that they listen on by themselves."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan

PUBLIC = ".public.socket"
NOTE = (
    "comes behind nginx on the port that it has by itself: its visitors wait, or are refused, from the switch to the "
    "new release until nginx serves it, and the new release is not watched"
)


def socket_of(name: str) -> str:
    """Return the unit that listens for an application without nginx."""
    return Layout(name).public_units[0]


def behind_nginx(plans: Iterable[tuple[AppPlan, bool]], owners: Iterable[str]) -> list[str]:
    """Return the applications whose own socket holds a port that nginx needs.

    Args:
        plans: of each application its plan, and whether it is stopped: a stopped one cannot be released.
        owners: the programs and sockets that hold the ports of nginx.
    """
    holders = set(owners)
    return [
        plan["name"]
        for plan, stopped in plans
        if plan["state"] == "present" and not plan["direct"] and not stopped and socket_of(plan["name"]) in holders
    ]
