"""The task that reads what an application has logged."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.logs import Query, read
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.log_levels import LEVELS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import LogsResult

OPTIONS: OptionSpecs = {
    "name": {"type": "str", "required": True},
    "lines": {"type": "int", "default": 50},
    "minutes": {"type": "float"},
    "level": {"type": "str", "choices": list(LEVELS), "default": "debug"},
    "request": {"type": "str"},
    "access": {"type": "bool", "default": False},
    "follow": {"type": "int", "default": 0},
    "cursor": {"type": "str"},
}


class LogsOptions(TypedDict):
    """The options of the task.

    Attributes:
        name: of the application.
        lines: the most that are returned, the newest ones.
        minutes: how old a line may be; None for any age.
        level: the lowest level, as in LEVELS.
        request: the id of a request; None for all.
        access: whether nginx's line for each request is returned as well.
        follow: seconds to follow; only the action uses it.
        cursor: the place in the journal to begin after; None for its end.
    """

    name: str
    lines: int
    minutes: float | None
    level: str
    request: str | None
    access: bool
    follow: int
    cursor: str | None


@reports_errors
def act(options: LogsOptions, _check_mode: bool) -> LogsResult:
    """Return lines of an application's log; see M(asgi.deploy.logs)."""
    if options["request"] is not None and not re.fullmatch(r"[A-Za-z0-9._-]{8,128}", options["request"]):
        raise DeployError(f"request: found {options['request']!r}, expected an id as in the header X-Request-ID")
    if options["lines"] < 1:
        raise DeployError(f"lines: found {options['lines']}, expected at least 1, as in lines: 50")
    since = time.time() - options["minutes"] * 60 if options["minutes"] is not None else None
    query = Query(options["lines"], since, options["request"], options["level"], options["access"], options["cursor"])
    page = read(Layout(options["name"]), query)
    return {"changed": False, "lines": [line.text for line in page.lines], "cursor": page.cursor}
