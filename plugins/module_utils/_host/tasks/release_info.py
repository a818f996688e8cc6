"""The task that reports what a host has of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations import report
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import ReleaseInfoResult

OPTIONS: OptionSpecs = {"name": {"type": "str", "required": True}, "deploys": {"type": "int", "default": 10}}


class ReleaseInfoOptions(TypedDict):
    """The options of the task.

    Attributes:
        name: of the application.
        deploys: how many of the last attempts to return.
    """

    name: str
    deploys: int


@reports_errors
def act(options: ReleaseInfoOptions, _check_mode: bool) -> ReleaseInfoResult:
    """Return what the host has of the application; see M(asgi.deploy.release_info)."""
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
