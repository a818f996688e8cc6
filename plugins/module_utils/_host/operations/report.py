"""What is told of an application on a host: what serves, how it is, and what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import installers, venvs
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.pause import is_paused
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import (
    Instance,
    loaded_releases,
    without_draining,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity, summarize
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import describe_stop
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import pinned_keys
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CERTBOT, Layout

_PROBE_SECONDS = 5


def live(layout: Layout, store: Store) -> dict[str, Any]:
    """The release that serves, its answer to its gate's question, and what runs of it."""
    release = store.live()
    if release is None:
        nothing: dict[str, Any] = {"processes": {}, "jobs": {}, "service": {}, "unpinned": [], **_noted(layout, None)}
        return {"live": None, "health": "nothing is live", "workers": 0, "memory": 0, **nothing}
    instance = Instance(layout, release)
    record = store.record(release)
    settings = ReleaseSettings.from_record(record)
    return {
        "live": release,
        "health": ""
        if is_paused(layout, release) or describe_stop(layout)
        else instance.ask(settings.gate, _PROBE_SECONDS) or "",
        "workers": len(instance.processes()),
        "memory": instance.memory(),
        "service": instance.describe(),
        "unpinned": record.get("unpinned") or [],
        **BackgroundUnits(layout, release).describe(),
        **_noted(layout, settings),
    }


def _noted(layout: Layout, settings: ReleaseSettings | None) -> dict[str, Any]:
    """What the release was given."""
    return {
        "worker_count": settings.worker_count if settings else 0,
        "workers_reason": settings.workers_reason if settings else "",
        "sandbox": dict(settings.sandbox) if settings else {},
        "plain_transports": list(settings.plain_transports) if settings else [],
        "trusted_at_first_use": pinned_keys(Path(layout.known_hosts)) if settings and not settings.known_hosts else [],
    }


def releases(layout: Layout, store: Store) -> dict[str, dict[str, Any]]:
    """Each release on the host."""
    up, integrity = loaded_releases(layout), Integrity(store)
    return {
        release: {
            **_told(store.record(release)),
            "running": release in up,
            "damage": list(integrity.release(release).damage),
        }
        for release in store.on_disk()
    }


def _told(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record.get(key) for key in ("commit", "source", "version", "states", "previous", "failed")}


def packages(layout: Layout, store: Store) -> dict[str, str]:
    """The distributions in the live release's virtual environment, with their versions."""
    release = store.live()
    return dict(sorted(venvs.distributions(Path(layout.release(release), "venv")).items())) if release else {}


def tools() -> dict[str, str]:
    """Programs of ours in virtual environments of their own, with their versions."""
    places = {"uv": installers.UV_HOME, "certbot": Path(CERTBOT)}
    found = {name: venvs.distributions(place).get(name) for name, place in places.items()}
    return {name: version for name, version in found.items() if version}


def last_deploys(store: Store, count: int) -> list[dict[str, Any]]:
    """The last attempts of the audit trail."""
    past = store.trail.past()
    return past[len(past) - min(count, len(past)) :]


def metadata(layout: Layout) -> dict[str, Any]:
    """Whether the cloud's metadata service is closed, and who asked it all the same."""
    rules = MetadataRules(layout)
    present = rules.present()
    return {"loaded": rules.loaded() if present else None, "told": rules.told()}


def integrity(store: Store, verify: bool) -> dict[str, Any]:
    """What is damaged: see :func:`integrity.summarize`."""
    found = Integrity(store, verify)
    conditions = {release: found.release(release) for release in store.on_disk() if store.record(release)}
    return summarize(conditions, found.folders())


def status(layout: Layout, deploys: int, verify: bool = False) -> dict[str, Any]:
    """How an application is, for somebody who looks after it; with `verify` all files of its releases are read."""
    store = Store(layout)
    found = live(layout, store)
    release = found["live"]
    record = store.record(release) if release else {}
    up = loaded_releases(layout)
    return {
        **found,
        "version": record.get("version"),
        "commit": record.get("commit"),
        "since": record.get("states", {}).get("live"),
        "maintenance": Path(layout.maintenance).exists(),
        "paused": bool(release) and is_paused(layout, release),
        "stopped": describe_stop(layout),
        "draining": sorted(up - without_draining(layout, up)),
        "metadata": metadata(layout),
        **integrity(store, verify),
        "deploys": last_deploys(store, deploys),
    }
