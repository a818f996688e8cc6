"""What a host has of an application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations import report
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

OPTIONS: dict[str, Any] = {"name": {"type": "str", "required": True}, "deploys": {"type": "int", "default": 10}}


@reports_errors
def act(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.release_info)."""
    layout = Layout(options["name"])
    store = Store(layout)
    return {
        "changed": False,
        "releases": report.releases(layout, store),
        "packages": report.packages(layout, store),
        "tools": report.tools(),
        "deploys": report.last_deploys(store, options["deploys"]),
        **report.live(layout, store),
    }
