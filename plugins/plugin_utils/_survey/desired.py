"""The desired state of a host: planned for each role and application, and what of it is inspected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry, PartsOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.files import certificate_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import BY_NAME
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import PlannedInspection


def plan_of(role: str, here: HostContext, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return the plan of a role.

    Args:
        role: its name in this collection.
        here: the host.
        arguments: options that differ from the host's variables, or the entry of an application.

    Raises:
        ValueError: its options are wrong, or the host does not support them; says which and why.
    """
    return BY_NAME[role].plan_for(here, arguments)


def desired_state(role: str, plan: dict[str, Json], here: HostContext) -> dict[str, Json]:
    """Return what the tasks of a role take, from its plan."""
    return BY_NAME[role].state_of(plan, here)


def inspections_of_role(
    role: str, here: HostContext, of: str, arguments: Mapping[str, Json]
) -> list[PlannedInspection]:
    """Return what to inspect for a role; `of` is the role or the application that it belongs to."""
    return _inspections(of, role, here, plan_of(role, here, arguments))


def inspections_of_app(app: Mapping[str, Json], here: HostContext) -> list[PlannedInspection]:
    """Return what to inspect for an application and its certificate.

    Raises:
        PackingError, ValueError: an option is wrong; says which and why.
    """
    plan = plan_of("app", here, app)
    app_plan = cast(AppPlan, plan)
    inspections = _inspections(app_plan["name"], "app", here, plan)
    if app_plan["packed"] and app_plan["site"]["owns"]:
        options = cast("dict[str, Json]", certificate_options(app_plan, app_plan["packed"]))
        inspections += inspections_of_role("certificate", here, app_plan["name"], options)
    return inspections


def inspections_of_neighbour(app: Mapping[str, Json], here: HostContext) -> list[PlannedInspection]:
    """Return what to inspect for an application whose server may become another one's; nothing of its release."""
    host, *certificates = [inspection for inspection in inspections_of_app(app, here) if inspection.part != "release"]
    plan = cast("dict[str, Json]", host.plan)
    site = cast(list[FileEntry], desired_state("app", plan, here)["site"])
    options: PartsOptions = {**cast(PartsOptions, host.options), "files": site, "packages": []}
    return [host._replace(options=options, plan={**plan, "neighbour": True}), *certificates]


def _inspections(of: str, role: str, here: HostContext, plan: dict[str, Json]) -> list[PlannedInspection]:
    """Return what to inspect, from the plan of a role."""
    inspections = BY_NAME[role].inspections_of(plan, desired_state(role, plan, here))
    return [
        PlannedInspection(of, role, part, inspection["kind"], inspection["options"], plan)
        for part, inspection in inspections.items()
    ]
