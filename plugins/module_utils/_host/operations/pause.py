"""Holds what comes for the live release, and lets it go on: systemd keeps the listener, the service waits to start."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import (
    require_live_release,
    serve_again,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_stopped
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

# A service that ends takes as long as its unit allows; this is for one that never does.
_MOST = 3600
# By the root of the first process: of the unit's own /run/systemd most is hidden, by a mount that + leaves in place.
DROP_IN = """\
# Written by asgi.deploy.pause. What comes waits at the listener until this file is gone.
[Service]
ExecStartPre=+/bin/sh -c 'while test -e /proc/1/root{file}; do sleep 0.1; done'
TimeoutStartSec=infinity
"""


def is_paused(layout: Layout, release: str) -> bool:
    """Whether its service waits, or is about to end for that."""
    return Path(layout.pause(release)).exists()


def pause(layout: Layout, by: str, lock_timeout: float) -> dict[str, Any]:
    """Ends the live release's service, processes and timers, with what they have in hand done; what comes then waits.

    Raises:
        DeployError: nothing is live, or the service does not end.
    """
    store = Store(layout)
    with store.lock(lock_timeout, by):
        release = require_live_release(store)
        refuse_stopped(layout)
        instance, file = Instance(layout, release), Path(layout.pause(release))
        if _waits(instance):
            return {"changed": False, "release": release}
        with store.audited({"by": by, "pause": release}, "paused"):
            file.parent.mkdir(parents=True, exist_ok=True)
            write(file, DROP_IN.format(file=file).encode())
            systemd.daemon_reload()
            systemd.stop(*BackgroundUnits(layout, release).moved)
            systemd.restart_soon(instance.units["service"])
            _wait(instance)
    return {"changed": True, "release": release}


def resume(layout: Layout, by: str, lock_timeout: float) -> dict[str, Any]:
    """Lets the service start, which answers what has waited, and then processes and timers.

    Raises:
        DeployError: nothing is live, or it does not serve; with the end of its log.
    """
    store = Store(layout)
    with store.lock(lock_timeout, by):
        release = require_live_release(store)
        refuse_stopped(layout)
        instance, work, began = Instance(layout, release), BackgroundUnits(layout, release), time.time()
        if not is_paused(layout, release) and work.is_up():
            return {"changed": False, "release": release}
        with store.audited({"by": by, "resume": release}):
            remove_pause(layout, release)
            systemd.reset_failed(instance.units["socket"], instance.units["service"], *work.moved)
            systemd.start(instance.units["service"])
            systemd.daemon_reload()
            if work.moved:
                systemd.start(*work.moved)
            serve_again(store, instance, began)
    return {"changed": True, "release": release}


def remove_pause(layout: Layout, release: str) -> None:
    """A service that waits goes on with its start, and later ones do not wait."""
    file = Path(layout.pause(release))
    file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # there is none, or somebody has put another drop-in there
        file.parent.rmdir()


def _waits(instance: Instance) -> bool:
    state = systemd.show(instance.units["service"])[0].properties
    return is_paused(instance.layout, instance.release) and state.get("ActiveState") == "activating"


def _wait(instance: Instance) -> None:
    deadline = time.monotonic() + _MOST
    while not _waits(instance):
        unit = systemd.show(instance.units["service"])[0]
        if unit.failed or time.monotonic() > deadline:
            raise DeployError(f"{unit.name} does not wait: {unit.ending()}; let it go on by the playbook resume")
        time.sleep(0.1)
