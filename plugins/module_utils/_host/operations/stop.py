"""Stopping an application, also over reboots, until it is started again through its gate."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import (
    require_live_release,
    serve_again,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import (
    BackgroundUnits,
    releases_at_work,
    switch_background_units,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import (
    Instance,
    loaded_releases,
    refuse_paused,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import (
    allow_starts,
    describe_stop,
    drop_ins,
    forbid_starts,
    write_stop,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX, Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import StateResult


def needs_stop(layout: Layout) -> bool:
    """Return whether the application is not stopped yet, or something of it still runs."""
    held = describe_stop(layout) is not None and all(file.exists() for file in drop_ins(layout))
    return not held or bool(_up(layout))


def needs_start(layout: Layout, release: str) -> bool:
    """Return whether the application is stopped, or some unit of its release does not run."""
    return describe_stop(layout) is not None or not (
        Instance(layout, release).is_up() and BackgroundUnits(layout, release).is_up()
    )


def stop(layout: Layout, by: str, lock_timeout: float) -> StateResult:
    """Close the application for visitors, and end its service, processes and timers once they have done their work.

    Raises:
        DeployError: nothing is live, it is paused, or something does not end.
    """
    store = Store(layout)
    with store.lock(lock_timeout, by):
        release = require_live_release(store)
        refuse_paused(layout, release)
        _refuse_old_site(layout)
        if not needs_stop(layout):
            return {"changed": False, "release": release}
        with store.audited({"by": by, "stop": release}, "stopped"):
            forbid_starts(layout)
            write_stop(layout, by)  # from now on nginx sends no more requests
            systemd.daemon_reload()
            _end_all(layout)
    return {"changed": True, "release": release}


def start(layout: Layout, by: str, lock_timeout: float) -> StateResult:
    """Start the live release; visitors reach it once it has passed its gate, then processes and timers start.

    Raises:
        DeployError: nothing is live, it is paused, or it does not pass its gate; then it stays stopped.
    """
    store = Store(layout)
    with store.lock(lock_timeout, by):
        release = require_live_release(store)
        refuse_paused(layout, release)
        if not needs_start(layout, release):
            return {"changed": False, "release": release}
        with store.audited({"by": by, "start": release}):
            if describe_stop(layout):
                _start_stopped(store, release)
            else:
                began = time.time()
                systemd.reset_failed(*BackgroundUnits(layout, release).moved)
                Instance(layout, release).start()
                serve_again(store, Instance(layout, release), began)
            switch_background_units(layout, release)
    return {"changed": True, "release": release}


def _start_stopped(store: Store, release: str) -> None:
    layout, began = store.layout, time.time()
    _end_all(layout)  # a stop that was cut off may have left something
    allow_starts(layout)
    systemd.daemon_reload()
    instance = Instance(layout, release)
    try:
        instance.start()
        serve_again(store, instance, began)
    except DeployError as error:
        forbid_starts(layout)
        systemd.daemon_reload()
        _end_all(layout)
        raise DeployError(f"{error.reason}\nIt stays stopped.", error.log) from error
    Path(layout.stopped).unlink()


def _end_all(layout: Layout) -> None:
    """End the units of all releases: a server when no one is connected any more, or when its time is over."""
    releases = sorted(loaded_releases(layout) | releases_at_work(layout))
    for release in releases:
        BackgroundUnits(layout, release).stop_soon()
    instances = [Instance(layout, release) for release in releases]
    drains = [each.units["drain"] for each in instances if each.files["drain"].exists() and each.is_running()]
    if drains:
        systemd.change("start", *drains)  # which end when they have stopped their servers
    for instance in instances:
        systemd.stop(*BackgroundUnits(layout, instance.release).moved)
        instance.stop()
    systemd.stop(*layout.public_units)
    if left := _up(layout):
        raise DeployError(f"{layout.app}: does not stop: {', '.join(left)}; see systemctl status on the host")


def _up(layout: Layout) -> list[str]:
    """Return the units of the application that run and must not while it is stopped."""
    kinds = ("service", "socket", "live", "process-*", "timer-*")
    patterns = [*(layout.unit(kind, "*") for kind in kinds), layout.public_units[0]]
    return systemd.list_units(*patterns, states="active,activating,reloading")


def _refuse_old_site(layout: Layout) -> None:
    """Raise DeployError if nginx's files are older than this operation, so that visitors would not see its page."""
    files = [Path(NGINX, folder, f"{layout.app}.conf") for folder in ("below", "sites")]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files if file.exists()]
    if texts and not any(str(layout.stopped) in text for text in texts):
        raise DeployError(
            f"{layout.app}: its site in nginx was written by an earlier version of this collection, and shows no page "
            "while the application is stopped; run asgi.deploy.site first. Nothing was changed"
        )
