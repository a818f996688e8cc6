"""The desired state of a host: planned for each role and application, and what of it is inspected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.files import certificate_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import BY_NAME

Plan = dict[str, Any]


class Look(NamedTuple):
    """One of the things to look at."""

    of: str  # the name of what has something to do when this differs
    role: str
    part: str
    kind: str
    options: Mapping[str, Any]
    made: Mapping[str, Any]  # what the controller decided for it


def decided(role: str, here: HostContext, arguments: Mapping[str, Any]) -> Plan:
    """Return the plan of a role.

    Args:
        role: its name in this collection.
        here: the host.
        arguments: options that differ from the host's variables, or the entry of an application.

    Raises:
        ValueError: its options are wrong, or the host cannot do what they ask for; says what and why.
    """
    return BY_NAME[role].plan_for(here, arguments)


def wanted(role: str, plan: Mapping[str, Any], here: HostContext) -> dict[str, Any]:
    """Return what the tasks of a role take, from its plan."""
    return BY_NAME[role].state_of(plan, here)


def looks_of_role(role: str, here: HostContext, of: str, arguments: Mapping[str, Any]) -> list[Look]:
    """Return what to look at for a role; it is `of` which it is a part."""
    return _looks(of, role, here, decided(role, here, arguments))


def looks_of_app(app: Mapping[str, Any], here: HostContext) -> list[Look]:
    """Return what to look at for an application, and for the certificate that it has.

    Raises:
        PackingError, ValueError: something of it is wrong; says what.
    """
    plan = decided("app", here, app)
    looks = _looks(plan["name"], "app", here, plan)
    if plan["packed"] and plan["site"]["owns"]:
        looks += looks_of_role("certificate", here, plan["name"], certificate_options(plan, plan["packed"]))
    return looks


def looks_of_neighbour(app: Mapping[str, Any], here: HostContext) -> list[Look]:
    """Return what to look at for an application whose server may become another one's; nothing of its release."""
    looks = [look for look in looks_of_app(app, here) if look.part != "release"]
    site = {**looks[0].options, "files": wanted("app", looks[0].made["decided"], here)["site"], "packages": []}
    plan = {**looks[0].made["decided"], "neighbour": True}
    return [looks[0]._replace(options=site, made={"decided": plan}), *looks[1:]]


def _looks(of: str, role: str, here: HostContext, plan: Plan) -> list[Look]:
    inspections = BY_NAME[role].inspections_of(plan, wanted(role, plan, here))
    return [
        Look(of, role, part, inspection["kind"], inspection["options"], {"decided": plan})
        for part, inspection in inspections.items()
    ]
