"""The role nginx: the web server of a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import behind_nginx
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext, PortConflict, Role, Stage
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import files, options
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.plan import nginx_plan


def _plan(here: HostContext, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return nginx_plan(here.options(ROLE, arguments), here.facts, here.apps)


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
