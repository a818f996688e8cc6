"""Applications that come behind nginx on the port that they have by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

PUBLIC = ".public.socket"
NOTE = (
    "comes behind nginx on the port that it has by itself: its visitors wait, or are refused, from the switch to the "
    "new release until nginx serves it, and the new release is not watched"
)


def socket_of(name: str) -> str:
    """Return the unit that listens for an application without nginx."""
    return Layout(name).public_units[0]


def behind_nginx(plans: Iterable[tuple[Mapping[str, Any], bool]], owners: Iterable[str]) -> list[str]:
    """Return the applications whose own socket has a port that nginx is to have.

    Args:
        plans: of each application its plan, and whether it is stopped: such a one cannot be released.
        owners: who has the ports of nginx.
    """
    held = set(owners)
    return [
        plan["name"]
        for plan, stopped in plans
        if plan["state"] == "present" and not plan["direct"] and not stopped and socket_of(plan["name"]) in held
    ]
