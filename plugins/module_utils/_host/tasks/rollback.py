"""The task that rolls back to a former release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.deployment import Deployment
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.way_back import choose_rollback
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors, switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_options import (
        RollbackOptions,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import RollbackOutcome
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import RollbackResult

OPTIONS: OptionSpecs = {**RUN_OPTIONS, "to": {"type": "str"}}


@reports_errors
def act(options: RollbackOptions, check_mode: bool) -> RollbackResult:
    """Roll back; see M(asgi.deploy.rollback)."""
    layout = Layout(options["name"])
    deployment = Deployment(layout, options["by"], options["lock_timeout"])
    if check_mode:
        live = deployment.store.live()
        refuse_held(layout, live)
        target = choose_rollback(deployment.store, options["to"])
        result: RollbackOutcome = {"changed": target != live, "release": target, "before": live, "steps": {}}
    else:
        result = deployment.rollback(options["to"])
        log_to_journal(f"{layout.app}: release {result['release']} is live")
    return {**result, "diff": switch_diff(layout.app, result["before"], result["release"])}
