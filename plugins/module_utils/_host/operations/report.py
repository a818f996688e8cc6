"""The status of an application on a host: what serves, how it is, and what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import installers, venvs
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.pause import is_paused
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import (
    Instance,
    loaded_releases,
    without_draining,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity, summarize
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.observation import observe
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import describe_stop
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import pinned_keys
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.lost_records import count_lost
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CERTBOT, Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import (
        ApplicationStatus,
        Attempt,
        DamageReport,
        LiveState,
        MetadataState,
        ReleaseSummary,
        SettingsSummary,
    )

_PROBE_SECONDS = 5


def live(layout: Layout, store: Store) -> LiveState:
    """Return the state of the live release; unless it is paused or stopped, it must answer the request of its gate."""
    release = store.live()
    if release is None:
        return {
            "live": None,
            "health": "nothing is live",
            "workers": 0,
            "memory": 0,
            "processes": {},
            "jobs": {},
            "service": {},
            "dependencies": "",
            "unpinned": [],
            **_settings(layout, None),
        }
    instance = Instance(layout, release)
    record = store.record(release)
    settings = ReleaseSettings.from_record(record)
    held = is_paused(layout, release) or describe_stop(layout)
    return {
        "live": release,
        "health": "" if held else instance.ask(settings.gate, _PROBE_SECONDS) or observe(store, release).failure,
        "workers": len(instance.processes()),
        "memory": instance.memory(),
        "service": instance.describe(),
        "dependencies": record.get("requirements", ""),
        "unpinned": record.get("unpinned") or [],
        **BackgroundUnits(layout, release).describe(),
        **_settings(layout, settings),
    }


def _settings(layout: Layout, settings: ReleaseSettings | None) -> SettingsSummary:
    return {
        "worker_count": settings.worker_count if settings else 0,
        "workers_reason": settings.workers_reason if settings else "",
        "sandbox": dict(settings.sandbox) if settings else {},
        "plain_transports": list(settings.plain_transports) if settings else [],
        "trusted_at_first_use": pinned_keys(Path(layout.known_hosts)) if settings and not settings.known_hosts else [],
    }


def releases(layout: Layout, store: Store) -> dict[str, ReleaseSummary]:
    """Return how each release on the host is, by its name."""
    loaded, integrity = loaded_releases(layout), Integrity(store)
    return {release: _release(store, release, loaded, integrity) for release in store.on_disk()}


def _release(store: Store, release: str, loaded: set[str], integrity: Integrity) -> ReleaseSummary:
    record = store.record(release)
    return {
        "commit": record.get("commit"),
        "source": record.get("source"),
        "version": record.get("version"),
        "states": record.get("states"),
        "previous": record.get("previous"),
        "failed": record.get("failed"),
        "running": release in loaded,
        "damage": list(integrity.release(release).damage),
    }


def packages(layout: Layout, store: Store) -> dict[str, str]:
    """Return the distributions in the live release's virtual environment, with their versions."""
    release = store.live()
    return dict(sorted(venvs.distributions(Path(layout.release(release), "venv")).items())) if release else {}


def tools() -> dict[str, str]:
    """Return the programs of ours that have virtual environments of their own, with their versions."""
    places = {"uv": installers.UV_HOME, "certbot": Path(CERTBOT)}
    versions = {name: venvs.distributions(place).get(name) for name, place in places.items()}
    return {name: version for name, version in versions.items() if version}


def last_deploys(store: Store, count: int) -> list[Attempt]:
    """Return the last attempts of the audit trail, the oldest first."""
    past = store.trail.past()
    return past[len(past) - min(count, len(past)) :]


def metadata(layout: Layout) -> MetadataState:
    """Return whether the cloud's metadata service is closed, and which users tried to reach it nevertheless."""
    rules = MetadataRules(layout)
    present = rules.present()
    return {"loaded": rules.loaded() if present else None, "told": rules.summary()}


def integrity(store: Store, verify: bool) -> DamageReport:
    """Return what of the releases is damaged; with `verify` after reading all their files."""
    integrity = Integrity(store, verify)
    conditions = {release: integrity.release(release) for release in store.on_disk() if store.record(release)}
    return summarize(conditions, integrity.folders())


def status(layout: Layout, deploys: int, verify: bool = False) -> ApplicationStatus:
    """Return the status of an application.

    Args:
        layout: of the application.
        deploys: how many attempts of the audit trail it contains.
        verify: whether to read all files of its releases.
    """
    store = Store(layout)
    state = live(layout, store)
    release = state["live"]
    record = store.record(release) if release else {}
    loaded = loaded_releases(layout)
    return {
        **state,
        "version": record.get("version"),
        "commit": record.get("commit"),
        "since": record.get("states", {}).get("live"),
        "maintenance": Path(layout.maintenance).exists(),
        "paused": release is not None and is_paused(layout, release),
        "stopped": describe_stop(layout),
        "draining": sorted(loaded - without_draining(layout, loaded)),
        "metadata": metadata(layout),
        "lost_records": count_lost(layout),
        **integrity(store, verify),
        "deploys": last_deploys(store, deploys),
    }
