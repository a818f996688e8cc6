"""The role nginx: the web server of a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import behind_nginx
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext, PortConflict, Role, Stage
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import files, options
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.plan import nginx_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.plan_types import NginxOptions, NginxPlan


def _plan(here: HostContext, arguments: Mapping[str, Json]) -> NginxPlan:
    """Return the plan of the host's web server."""
    return nginx_plan(cast(NginxOptions, here.options(ROLE, arguments)), here.facts, here.apps)


ROLE = Role(
    name="nginx",
    prefix="nginx_",
    rules=options.RULES,
    packages=Stage.FIRST,
    plan=_plan,
    desired_state=files.desired_state,
    inspections=files.inspections,
    conflicts=options.conflicts,
    needed=behind_nginx,
    ports=PortConflict(
        by=lambda program: program != "nginx",
        advice="nginx needs it. Stop that program or move it to another port",
    ),
)
