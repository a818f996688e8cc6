"""The task that removes an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.removal import Removal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import REMOVAL_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_options import (
        RemovalOptions,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import TaskResult

OPTIONS = REMOVAL_OPTIONS


@reports_errors
def act(options: RemovalOptions, check_mode: bool) -> TaskResult:
    """Remove the application; see M(asgi.deploy.remove)."""
    removal = Removal(options)
    changed = removal.anything_left()
    if changed and not check_mode:
        removal.remove()
        log_to_journal(f"{options['name']}: removed by {options['by']}")
    return {"changed": changed}
