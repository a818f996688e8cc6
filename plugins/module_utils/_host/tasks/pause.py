"""An application, paused or resumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.pause import is_paused, pause, resume
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import require_live_release
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_stopped
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

OPTIONS: dict[str, Any] = {
    **RUN_OPTIONS,
    "state": {"type": "str", "choices": ["paused", "resumed"], "required": True},
}


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.pause)."""
    layout, wanted = Layout(options["name"]), options["state"] == "paused"
    if check_mode:
        release = require_live_release(Store(layout))
        refuse_stopped(layout)
        return {"changed": is_paused(layout, release) is not wanted, "release": release}
    done = (pause if wanted else resume)(layout, options["by"], options["lock_timeout"])
    if done["changed"]:
        log_to_journal(f"{layout.app}: {options['state']}")
    return {**done}
