"""What still runs libraries, or a Python, that an upgrade has replaced, and when it is restarted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import services_of
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.replaced_files import (
    ReplacedFiles,
    find_replaced,
    replaced_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.nginx import master_process
from ansible_collections.asgi.deploy.plugins.module_utils._shared import layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import (
        ReplacedState,
        RestartMode,
        RestartTime,
    )

_TIME = re.compile(r"^OnCalendar=\*-\*-\* (\d\d:\d\d):00$", re.MULTILINE)
NGINX = "nginx"  # no application has this name


def applications() -> list[Layout]:
    """Return all applications of this host."""
    root = Path(layout.ROOT)
    return [Layout(path.name) for path in sorted(root.iterdir()) if path.is_dir()] if root.is_dir() else []


def replaced_in(apps: list[Layout]) -> dict[str, ReplacedFiles]:
    """Return the replaced files that live releases run, by the application; none of one that runs only what is there.

    Processes of releases that drain, jobs and commands end by themselves.
    """
    releases = {app: release for app in apps if (release := Store(app).live())}
    services = {app.app: services_of(app, release) for app, release in releases.items()}
    found = find_replaced(name for names in services.values() for name in names)
    return {
        app: merged for app, names in services.items() if (merged := _merged([found[n] for n in names if n in found]))
    }


def replaced_in_nginx() -> ReplacedFiles:
    """Return the replaced files that nginx runs; its former workers, which end with their connections, do not count."""
    master = master_process()
    return replaced_of(master) if master else ReplacedFiles()


def restart_time() -> RestartTime:
    """Return whether and when this host restarts such services by itself, from the files that decide it."""
    try:
        text = Path(layout.UNITS, layout.RESTART_TIMER).read_text(encoding="utf-8")
    except OSError:
        text = ""
    return decide_restart_time(text, Path(layout.RESTART_HOOK).exists())


def decide_restart_time(timer: str, hook: bool) -> RestartTime:
    """Return the same, from the text of the timer and whether apt has the hook that restarts at once."""
    times = _TIME.findall(timer)
    mode: RestartMode = "never" if not times else "now" if hook else "window"
    return {"mode": mode, "at": times[0] if times else None}


def describe_all() -> dict[str, ReplacedState]:
    """Return what runs replaced files, as a status has it: applications by their names, and nginx."""
    nginx = replaced_in_nginx()
    found = {**replaced_in(applications()), **({NGINX: nginx} if nginx else {})}
    return {name: {"files": list(replaced.paths), "since": replaced.since} for name, replaced in found.items()}


def _merged(parts: list[ReplacedFiles]) -> ReplacedFiles:
    times = [part.since for part in parts if part.since is not None]
    return ReplacedFiles(tuple(sorted({path for part in parts for path in part.paths})), min(times, default=None))
