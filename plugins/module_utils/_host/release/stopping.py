"""An application that is stopped until the playbook start: the file that says so, and what keeps its units down.

The file closes the site in nginx and the public listener of an application without nginx. Drop-ins, which apply to the
units of all its releases, keep systemd from starting them: at boot, by a socket, by a timer, or for another unit.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import refuse_paused
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout

DROP_IN = """\
# Written by asgi.deploy.stop; asgi.deploy.start removes it.
[Unit]
ConditionPathExists=!{file}
"""


def drop_ins(layout: Layout) -> list[Path]:
    """Return a drop-in for each kind of unit of a release that can run.

    systemd reads `NAME@.service.d` for all instances of a unit, and `NAME-.service.d` for all units whose names begin
    with `NAME-`: systemd.unit(5).
    """
    app = f"asgi-{layout.app}"
    of_releases = ("{}@.service", "{}@.socket", "{}.process-@.service", "{}.job-@.timer", "{}.live@.target")
    units = [*(name.format(app) for name in of_releases), layout.public_units[0]]
    return [Path(UNITS, f"{unit}.d", "stopped.conf") for unit in units]


def forbid_starts(layout: Layout) -> None:
    """Write the drop-ins; systemd has yet to read them."""
    for file in drop_ins(layout):
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, DROP_IN.format(file=layout.stopped).encode())


def allow_starts(layout: Layout) -> None:
    """Remove the drop-ins, and the directories that were made for them; systemd has yet to read that."""
    for file in drop_ins(layout):
        file.unlink(missing_ok=True)
        if file.parent.is_dir() and not any(file.parent.iterdir()):  # other drop-ins are not ours
            file.parent.rmdir()


def write_stop(layout: Layout, by: str) -> None:
    """Record that the application is stopped, since when and by whom, unless it is stopped already."""
    if describe_stop(layout) is None:
        write(Path(layout.stopped), json.dumps({"by": by, "since": time.time()}).encode() + b"\n")


def describe_stop(layout: Layout) -> str | None:
    """Return since when the application is stopped and by whom, as a text; None when it is not."""
    try:
        stop = json.loads(Path(layout.stopped).read_text(encoding="utf-8"))
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(stop["since"]))
        return f"stopped since {since} by {stop['by']}"
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, OverflowError):  # the file counts, whatever is in it
        return "stopped"


def refuse_held(layout: Layout, release: str | None) -> None:
    """Raise DeployError while the application is stopped, or its release paused."""
    refuse_stopped(layout)
    refuse_paused(layout, release)


def refuse_stopped(layout: Layout) -> None:
    """Raise DeployError while the application is stopped."""
    if stop := describe_stop(layout):
        raise DeployError(f"{layout.app}: {stop}; run asgi.deploy.start first")
