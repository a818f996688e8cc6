"""An application, started anew without losing a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import require_live_release, restart
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

OPTIONS = RUN_OPTIONS


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.restart)."""
    layout = Layout(options["name"])
    if check_mode:
        release = require_live_release(Store(layout))
        refuse_held(layout, release)
        return {"changed": True, "release": release}
    done = restart(layout, options["by"], options["lock_timeout"])
    log_to_journal(f"{layout.app}: restarted")
    return {"changed": True, **done}
