"""What the results of tasks have in common: how an error becomes one, and how a switch of releases is shown."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import clock, full_disks
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Difference

OptionsT = TypeVar("OptionsT")
ResultT = TypeVar("ResultT")


def reports_errors(task: Callable[[OptionsT, bool], ResultT]) -> Callable[[OptionsT, bool], ResultT]:
    """Wrap a task so that it returns its errors as a result, by which Ansible fails.

    Args:
        task: takes options, and whether to change nothing; returns its result.
    """

    @functools.wraps(task)
    def run(options: OptionsT, check_mode: bool) -> ResultT:
        os.umask(0o022)  # instead of root's own: nginx and the application must be able to read what is written
        try:
            return task(options, check_mode)
        except (DeployError, OSError) as error:
            return cast("ResultT", {"failed": True, "msg": clock.explain(full_disks.explain(str(error)))})

    return run


def switch_diff(app: str, before: str | None, after: str | None) -> Difference:
    """Return which release serves, before and after, as Ansible's --diff shows it."""
    header = f"{app}: live release"
    return {
        "before_header": header,
        "after_header": header,
        "before": f"{before or 'none'}\n",
        "after": f"{after or 'none'}\n",
    }
