"""The role hardening: firewall, SSH, kernel parameters and upgrades of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import behind_nginx, public_ports, served_ports
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext, Inventory, Role, Stage
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening import files, options
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan import hardening_plan


def _plan(here: HostContext, arguments: Mapping[str, Any]) -> dict[str, Any]:
    apps = here.apps
    return hardening_plan(here.options(ROLE, arguments), here.facts, public_ports(apps), behind_nginx(apps))


def _conflicts(given: Mapping[str, Any], inventory: Inventory) -> list[str]:
    if None in given.values():  # reported before; what goes together can be told of options that are right
        return []
    return options.conflicts(given, served_ports(inventory.known_apps))


def _needed(_apps: Sequence[Mapping[str, Any]]) -> bool:
    return True


ROLE = Role(
    name="hardening",
    prefix="harden",  # the whole role has a switch, `hardening`
    rules=options.RULES,
    packages=Stage.LAST,
    plan=_plan,
    desired_state=files.desired_state,
    inspections=files.inspections,
    conflicts=_conflicts,
    needed=_needed,
)
