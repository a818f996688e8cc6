"""A release of before, put live again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.deployment import Deployment
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.way_back import choose_rollback
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors, switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

OPTIONS: dict[str, Any] = {**RUN_OPTIONS, "to": {"type": "str"}}


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.rollback)."""
    layout = Layout(options["name"])
    deployment = Deployment(layout, options["by"], options["lock_timeout"])
    if check_mode:
        refuse_held(layout, deployment.store.live())
        target, live = choose_rollback(deployment.store, options["to"]), deployment.store.live()
        result: dict[str, Any] = {"changed": target != live, "release": target, "before": live, "steps": {}}
    else:
        result = {**deployment.rollback(options["to"])}
        log_to_journal(f"{layout.app}: release {result['release']} is live")
    return {**result, "diff": switch_diff(layout.app, result["before"], result["release"])}
