"""The role hardening: firewall, SSH, kernel parameters and upgrades of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import behind_nginx, public_ports, served_ports
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext, Inventory, Role, Stage
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening import files, options
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan import hardening_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan_types import HardeningOptions, HardeningPlan


def _plan(here: HostContext, arguments: Mapping[str, Json]) -> HardeningPlan:
    """Return the plan of the host's hardening."""
    apps, role_options = here.apps, cast(HardeningOptions, here.options(ROLE, arguments))
    return hardening_plan(role_options, here.facts, public_ports(apps), behind_nginx(apps), here.http_proxy.file)


def _conflicts(written: Mapping[str, Json], inventory: Inventory) -> list[str]:
    """Return what is wrong with the options that the user wrote, together."""
    if None in written.values():  # reported before: only options that are right can be compared
        return []
    return options.conflicts(written, served_ports(inventory.known_apps))


def _needed(_apps: Sequence[Mapping[str, Json]]) -> bool:
    """Return that every host needs the role."""
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
