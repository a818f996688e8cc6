"""The task that reports the status of a host and its applications."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.status import read_status
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall_state import is_loaded
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.trial import RULES
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.replaced_libraries import (
    applications,
    describe_all,
    restart_time,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.report import status
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import memory
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.facts import read_system
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import ROOT, Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.host_state import (
        HostStatus,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import StatusResult

OPTIONS: OptionSpecs = {
    "names": {"type": "list", "elements": "str", "default": []},
    "deploys": {"type": "int", "default": 5},
    "verify": {"type": "bool", "default": False},
}


class StatusOptions(TypedDict):
    """The options of the task.

    Attributes:
        names: of applications; all of the host where it is empty.
        deploys: how many of the last attempts to return of each.
        verify: whether to read every file of releases, instead of only its status.
    """

    names: list[str]
    deploys: int
    verify: bool


@reports_errors
def act(options: StatusOptions, _check_mode: bool) -> StatusResult:
    """Return the status of the host; see M(asgi.deploy.status)."""
    names = options["names"] or [app.app for app in applications()]
    return {
        "changed": False,
        "applications": {name: status(Layout(name), options["deploys"], options["verify"]) for name in names},
        "certificates": {entry["name"]: entry for entry in read_status()},
        "host": _host(),
    }


def _host() -> HostStatus:
    disk = shutil.disk_usage(ROOT if Path(ROOT).is_dir() else "/")
    return {
        "now": time.time(),
        "memory_available": memory.available(),
        "memory_total": memory.total(),
        "disk_free": disk.free,
        "disk_total": disk.total,
        "firewall": is_loaded() if RULES.exists() else None,
        "replaced": describe_all(),
        "restart": restart_time(),
        "system": read_system(),
    }
