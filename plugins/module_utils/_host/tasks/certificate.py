"""A certificate, got from its CA now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.renewal import ensure
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors

OPTIONS: dict[str, Any] = {"name": {"type": "str", "required": True}}


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.certificate)."""
    if check_mode:
        return {"changed": True}
    outcome = ensure(options["name"])
    if outcome.changed:
        log_to_journal(f"{options['name']}: its certificate was put right")
    if outcome.problem is None:
        return {"changed": outcome.changed}
    return {"changed": outcome.changed, "problem": outcome.problem, "warnings": [outcome.problem]}
