"""Removes the releases and environments of an application that nothing needs any more."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import venvs
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


def surplus(store: Store, release: str, keep: int, there: LoadedReleases) -> list[str]:
    """Return the releases to remove: neither a server nor a background process of them runs.

    Args:
        store: the application's.
        release: the live one, which stays, as does the one before it.
        keep: how many stay.
        there: the releases of which something runs.
    """
    previous = store.record(release).get("previous")
    needed = {release, previous or release, *there.serving, *there.busy}
    return releases_to_prune(store.kept(), keep, needed)


def prune(store: Store, release: str, keep: int) -> None:
    """Remove what :func:`surplus` gives, with its units, and the environments and archives that nothing needs then."""
    there = find_loaded(store.layout)
    serving = there.serving
    kept, removed = store.kept(), surplus(store, release, keep, there)
    for one in removed:
        for file in Instance(store.layout, one).files.values():
            file.unlink(missing_ok=True)
        BackgroundUnits(store.layout, one).remove_units()
        store.remove(one)
    for venv in unused_venvs(store.venvs(), kept, removed):
        venvs.remove(Path(store.layout.venvs, venv))
    Integrity(store).forget_removed(serving)
    archives.prune()
    if removed:
        systemd.daemon_reload()
