"""The task that pauses or resumes an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.pause import is_paused, pause, resume
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import require_live_release
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_stopped
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_options import (
        PauseOptions,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import StateResult
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs

OPTIONS: OptionSpecs = {
    **RUN_OPTIONS,
    "state": {"type": "str", "choices": ["paused", "resumed"], "required": True},
}


@reports_errors
def act(options: PauseOptions, check_mode: bool) -> StateResult:
    """Pause or resume the application; see M(asgi.deploy.pause)."""
    layout, pauses = Layout(options["name"]), options["state"] == "paused"
    if check_mode:
        release = require_live_release(Store(layout))
        refuse_stopped(layout)
        return {"changed": is_paused(layout, release) is not pauses, "release": release}
    result = (pause if pauses else resume)(layout, options["by"], options["lock_timeout"])
    if result["changed"]:
        log_to_journal(f"{layout.app}: {options['state']}")
    return result
