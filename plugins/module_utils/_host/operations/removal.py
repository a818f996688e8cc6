"""The removal of an application from a host."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import python_archive
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import stop_leftover_build
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.pause import remove_pause
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits, busy_releases
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance, loaded_releases
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import allow_starts
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.source import archives
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.journal_settings import JournalSettings
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import JOURNALS, UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import release_of

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_options import (
        RemovalOptions,
    )

_TRIES = 3


class Removal:
    """An application's releases, units and directories, all of which are to be removed."""

    def __init__(self, options: RemovalOptions) -> None:
        self._options = options
        self._layout = layout = Layout(options["name"])
        folders = [
            layout.home,
            layout.mirror,
            layout.packages,
            layout.tls,
            layout.certificate,
            layout.cache,
            layout.manifests,
        ]
        self._folders = [Path(folder) for folder in folders + [layout.data, layout.storage] * options["data"]]

    def anything_left(self) -> bool:
        """Return whether anything of the application is on the host."""
        layout = self._layout
        runs = self._unit_files() or loaded_releases(layout) or busy_releases(layout)
        left = any(folder.exists() for folder in self._folders) or bool(journal_paths(layout))
        return bool(runs) or left or users.exists(layout.build_user) or MetadataRules(layout).present()

    def remove(self) -> None:
        """Stop the units of the application, under its lock, and remove all of it."""
        store, by = Store(self._layout), self._options["by"]
        with (
            store.lock(self._options["lock_timeout"], by),
            store.audited({"by": by, "remove": self._layout.app}, "removed"),
        ):
            stop_leftover_build(self._layout)
            allow_starts(self._layout)
            self._end(self._unit_files())
            remove_journal(self._layout)
            for folder in self._folders:
                _remove(folder)
            MetadataRules(self._layout).remove()
            users.remove(self._layout.build_user)
            archives.prune()
            python_archive.prune()

    def _unit_files(self) -> list[Path]:
        app, public = self._layout.app, self._layout.public_units
        of_releases = [file for name in ("", ".*") for file in Path(UNITS).glob(f"asgi-{app}{name}@*.*")]
        return sorted([*of_releases, *(file for unit in public if (file := Path(UNITS, unit)).exists())])

    def _end(self, units: list[Path]) -> None:
        layout = self._layout
        for release in (
            loaded_releases(layout)
            | busy_releases(layout)
            | {release_of(unit.name) for unit in units if "@" in unit.name}
        ):
            units_of_release = BackgroundUnits(layout, release)
            units_of_release.stop()
            Instance(layout, release).stop()
            remove_pause(layout, release)
            Instance(layout, release).remove_units()
            units_of_release.remove_units()
        systemd.stop(*layout.public_units)
        if systemd.show(layout.boot_unit)[0].present:  # a first release that failed halfway has none yet
            systemd.disable(layout.boot_unit)
        for unit in units:
            unit.unlink(missing_ok=True)
        systemd.daemon_reload()


def _remove(folder: Path) -> None:
    """Remove a directory, or a link in its place, without following any link in it.

    Raises:
        DeployError: something of it remains.
    """
    if folder.is_symlink():
        folder.unlink()
        return
    for _try in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
    raise DeployError(
        f"{folder} cannot be removed: found files in it after {_TRIES} tries; end the program that writes there, or "
        "unmount it, and run again"
    )


def remove_journal(layout: Layout) -> None:
    """Remove the journal of an application, with its settings and its journald; nothing may log there any more."""
    systemd.stop(*layout.journal_units)
    for path in journal_paths(layout):
        if path.is_dir() and not path.is_symlink():
            _remove(path)
        else:
            path.unlink(missing_ok=True)
    systemd.daemon_reload()
    systemd.reset_failed(*layout.journal_units)


def journal_paths(layout: Layout) -> list[Path]:
    """Return the files of an application's own journal that exist."""
    settings = JournalSettings(layout.journal)
    folders = [settings.drop_ins, settings.of_host_drop_ins, settings.service.parent, settings.sync.parent]
    kept = [folder for place in JOURNALS for folder in Path(place).glob(f"*.{layout.journal}")]
    sockets = f"/run/systemd/journal.{layout.journal}"
    paths = [Path(settings.first), *map(Path, folders), Path(sockets), *kept]
    return [path for path in paths if os.path.lexists(path)]
