"""The task that restarts an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import require_live_release, restart
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import RunOptions
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import RestartTaskResult

OPTIONS = RUN_OPTIONS


@reports_errors
def act(options: RunOptions, check_mode: bool) -> RestartTaskResult:
    """Restart the application without dropping requests; see M(asgi.deploy.restart)."""
    layout = Layout(options["name"])
    if check_mode:
        release = require_live_release(Store(layout))
        refuse_held(layout, release)
        return {"changed": True, "release": release}
    result = restart(layout, options["by"], options["lock_timeout"])
    log_to_journal(f"{layout.app}: restarted")
    return {"changed": True, "release": result["release"], "seconds": result["seconds"]}
