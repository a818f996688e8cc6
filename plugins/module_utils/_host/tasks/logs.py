"""What an application has logged."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.logs import Query, read
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.log_levels import LEVELS

OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "lines": {"type": "int", "default": 50},
    "minutes": {"type": "float"},
    "level": {"type": "str", "choices": list(LEVELS), "default": "debug"},
    "request": {"type": "str"},
    "access": {"type": "bool", "default": False},
    "follow": {"type": "int", "default": 0},
    "cursor": {"type": "str"},
}


@reports_errors
def act(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.logs)."""
    if options["request"] is not None and not re.fullmatch(r"[A-Za-z0-9._-]{8,128}", options["request"]):
        raise DeployError(f"request: found {options['request']!r}, expected an id as in the header X-Request-ID")
    if options["lines"] < 1:
        raise DeployError(f"lines: found {options['lines']}, expected at least 1, as in lines: 50")
    since = time.time() - options["minutes"] * 60 if options["minutes"] is not None else None
    query = Query(options["lines"], since, options["request"], options["level"], options["access"], options["cursor"])
    found = read(Layout(options["name"]), query)
    return {"changed": False, "lines": [line.text for line in found.lines], "cursor": found.cursor}
