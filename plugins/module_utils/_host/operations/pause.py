"""A release that is paused: systemd keeps the listener, and the service waits with its start until it is resumed."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import StateResult

# Seconds. A service ends within the time that its unit allows; this is for one that never does.
_MAX_SECONDS = 3600
# Through the root of the first process: a mount, which + leaves in place, hides most of /run/systemd from the unit.
DROP_IN = """\
# Written by asgi.deploy.pause. Requests wait at the listener until this file is gone.
[Service]
ExecStartPre=+/bin/sh -c 'while test -e /proc/1/root{file}; do sleep 0.1; done'
TimeoutStartSec=infinity
"""


def is_paused(layout: Layout, release: str) -> bool:
    """Return whether a release is paused, or is about to be."""
    return Path(layout.pause(release)).exists()


def pause(layout: Layout, by: str, lock_timeout: float) -> StateResult:
    """End the live release's service, processes and timers once they have done their work; later requests wait.

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


def resume(layout: Layout, by: str, lock_timeout: float) -> StateResult:
    """Start the service, which answers the requests that waited, and then processes and timers.

    Raises:
        DeployError: nothing is live, or it does not serve; with the end of its log.
    """
    store = Store(layout)
    with store.lock(lock_timeout, by):
        release = require_live_release(store)
        refuse_stopped(layout)
        instance, units, began = Instance(layout, release), BackgroundUnits(layout, release), time.time()
        if not is_paused(layout, release) and units.is_up():
            return {"changed": False, "release": release}
        with store.audited({"by": by, "resume": release}):
            remove_pause(layout, release)
            systemd.reset_failed(instance.units["socket"], instance.units["service"], *units.moved)
            systemd.start(instance.units["service"])
            systemd.daemon_reload()
            if units.moved:
                systemd.start(*units.moved)
            serve_again(store, instance, began)
    return {"changed": True, "release": release}


def remove_pause(layout: Layout, release: str) -> None:
    """Remove the drop-in, so that a service that waits goes on with its start, and later ones do not wait."""
    file = Path(layout.pause(release))
    file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # there is none, or someone has put another drop-in there
        file.parent.rmdir()


def _waits(instance: Instance) -> bool:
    service = systemd.show(instance.units["service"])[0]
    return is_paused(instance.layout, instance.release) and service.starting


def _wait(instance: Instance) -> None:
    deadline = time.monotonic() + _MAX_SECONDS
    while not _waits(instance):
        unit = systemd.show(instance.units["service"])[0]
        if unit.failed or time.monotonic() > deadline:
            raise DeployError(f"{unit.name} does not wait: {unit.ending()}; run asgi.deploy.resume")
        time.sleep(0.1)
