"""An application, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.removal import Removal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import REMOVAL_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import RemovalOptions

OPTIONS = REMOVAL_OPTIONS


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.remove)."""
    removal = Removal(cast("RemovalOptions", options))
    changed = removal.anything_left()
    if changed and not check_mode:
        removal.remove()
        log_to_journal(f"{options['name']}: removed by {options['by']}")
    return {"changed": changed}
