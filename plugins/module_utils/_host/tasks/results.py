"""What a run is told of what it had a host do."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

Task = Callable[[Mapping[str, Any], bool], dict[str, Any]]
"""Takes options, and whether to change nothing; gives an answer as Ansible takes it."""


def reports_errors(doing: Task) -> Task:
    """With its errors as an answer that Ansible takes for a failure."""

    @functools.wraps(doing)
    def answer(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
        os.umask(0o022)  # whatever root's own is: nginx and the application must get to what is made
        try:
            return doing(options, check_mode)
        except (DeployError, OSError) as error:
            return {"failed": True, "msg": str(error)}

    return answer


def switch_diff(app: str, before: str | None, after: str | None) -> dict[str, str]:
    """Which release serves, before and after, as Ansible's --diff shows it."""
    header = f"{app}: live release"
    return {
        "before_header": header,
        "after_header": header,
        "before": f"{before or 'none'}\n",
        "after": f"{after or 'none'}\n",
    }
