"""The task that stops or starts an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import require_live_release
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.stop import (
    needs_start,
    needs_stop,
    start,
    stop,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import refuse_paused
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_options import (
        StopOptions,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import StateResult
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs

OPTIONS: OptionSpecs = {
    **RUN_OPTIONS,
    "state": {"type": "str", "choices": ["stopped", "started"], "required": True},
}


@reports_errors
def act(options: StopOptions, check_mode: bool) -> StateResult:
    """Stop or start the application; see M(asgi.deploy.stop)."""
    layout, stops = Layout(options["name"]), options["state"] == "stopped"
    if check_mode:
        release = require_live_release(Store(layout))
        refuse_paused(layout, release)
        return {"changed": needs_stop(layout) if stops else needs_start(layout, release), "release": release}
    result = (stop if stops else start)(layout, options["by"], options["lock_timeout"])
    if result["changed"]:
        log_to_journal(f"{layout.app}: {options['state']}")
    return result
