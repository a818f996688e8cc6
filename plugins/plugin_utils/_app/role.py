"""The role app: one application, from its source to visitors."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import files
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.packing import packed
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.rules import RULES
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext, PortConflict, Role, Stage


def _plan(here: HostContext, entry: Mapping[str, Json]) -> AppPlan:
    """Plan one application, and pack what it ships from the controller.

    Raises:
        PackingError, ValueError: something of it is wrong; says what.
    """
    plan = app_plan(entry, here.facts, here.contents(entry), here.apps, here.behind_balancer)
    return {**plan, "packed": packed(plan, here.base) if plan["state"] == "present" else None}


ROLE = Role(
    name="app",
    prefix="asgi_",
    rules=RULES,
    packages=Stage.RELEASE,
    plan=_plan,
    desired_state=files.desired_state,
    inspections=files.inspections,
    ports=PortConflict(
        by=lambda program: program == "nginx",
        advice="{} needs it to serve without nginx. Remove nginx or write another tls.port",
    ),
)
