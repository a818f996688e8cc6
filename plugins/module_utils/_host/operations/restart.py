"""A restart without dropping requests: systemd keeps the listener, and requests wait there until the service is up."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import RestartResult


def restart(layout: Layout, by: str, lock_timeout: float) -> RestartResult:
    """Restart the live release's service and its background processes, and wait until it passes its gate again.

    Raises:
        DeployError: nothing is live, or it does not pass; with the end of its log.
    """
    store = Store(layout)
    with store.lock(lock_timeout, by):
        release = require_live_release(store)
        refuse_held(layout, release)
        return restart_live(store, release, by)


def restart_live(store: Store, release: str, by: str) -> RestartResult:
    """Restart the live release as :func:`restart` does, while its caller holds the application's lock.

    Raises:
        DeployError: it does not pass its gate; with the end of its log.
    """
    instance, began = Instance(store.layout, release), time.time()
    with store.audited({"by": by, "restart": release}):
        units = services_of(store.layout, release)
        # systemd refuses to start a unit that it has given up.
        systemd.reset_failed(instance.units["socket"], *units)
        systemd.restart(*units)
        serve_again(store, instance, began)
    return {"release": release, "seconds": round(time.time() - began, 1)}


def services_of(layout: Layout, release: str) -> list[str]:
    """Return the services that a restart of a release restarts: its server, its processes, and what sends uploads."""
    sends = [name for name in layout.media_units[:1] if Path(UNITS, name).exists()]
    return [layout.unit("service", release), *BackgroundUnits(layout, release).processes, *sends]


def serve_again(store: Store, instance: Instance, began: float) -> None:
    """Wait until a service that was started passes its gate.

    Raises:
        DeployError: it does not pass; with the end of its log.
    """
    try:
        instance.pass_gate(ReleaseSettings.from_record(store.record(instance.release)).gate, began)
    except DeployError as error:
        text = f"{store.layout.app}: release {instance.release} was restarted, but does not serve.\n{error.reason}"
        raise DeployError(text, error.log) from error


def require_live_release(store: Store) -> str:
    """Return the live release.

    Raises:
        DeployError: there is none.
    """
    if (release := store.live()) is None:
        raise DeployError(
            f"{store.layout.app}: nothing is live on this host, so there is nothing to restart, pause, stop or start"
        )
    return release
