"""The removal of releases and environments that nothing needs any more."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import python_archive, venvs
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import (
    BackgroundUnits,
    LoadedReleases,
    find_loaded,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.retention import releases_to_prune, unused_venvs
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.source import archives
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd


def find_surplus(store: Store, release: str, keep: int, loaded: LoadedReleases) -> list[str]:
    """Return the releases to remove: neither a server nor a background process of them runs.

    Args:
        store: the releases of the application.
        release: the live one, which stays, as does the previous one.
        keep: how many stay.
        loaded: the releases of which something runs.
    """
    previous = store.record(release).get("previous")
    needed = {release, previous or release, *loaded.serving, *loaded.busy}
    return releases_to_prune(store.kept(), keep, needed)


def prune(store: Store, release: str, keep: int) -> None:
    """Remove the surplus releases with their units, and the environments and archives that nothing needs then."""
    loaded = find_loaded(store.layout)
    kept, removed = store.kept(), find_surplus(store, release, keep, loaded)
    for name in removed:
        Instance(store.layout, name).remove_units()
        BackgroundUnits(store.layout, name).remove_units()
        store.remove(name)
    store.link_kept()
    for venv in unused_venvs(store.venvs(), kept, removed):
        venvs.remove(Path(store.layout.venvs, venv))
    Integrity(store).forget_removed(loaded.serving)
    archives.prune()
    python_archive.let_go(store.layout, {str(store.record(name).get("python")) for name in store.on_disk()})
    python_archive.prune()
    if removed:
        systemd.daemon_reload()
