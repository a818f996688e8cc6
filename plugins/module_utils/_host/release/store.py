"""The releases of an application on a host: what is there, what serves, and what was done."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TextIO

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.retention import KeptRelease
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import can_serve_again
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.trail import Trail
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.locks import acquire, open_private
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.generations import superseded
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

if TYPE_CHECKING:
    from typing import Unpack

    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import (
        Attempt,
        ReleaseRecord,
        SettingsRecord,
    )

RECORD = "release.json"


class Store:
    """The directory of one application."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.current = Path(layout.current)
        self.trail = Trail(layout, self)

    def path(self, release: str) -> Path:
        """Return the directory of a release."""
        return Path(self.layout.release(release))

    def live(self) -> str | None:
        """Return the release that `current` names, if it is complete."""
        try:
            release = Path(os.readlink(self.current)).name
        except OSError:
            return None
        return release if self.record(release) else None

    def named(self) -> set[str]:
        """Return the release that `current` names, whether it exists or not."""
        release = self.named_by(self.layout.current)
        return set() if release is None else {release}

    def record(self, release: str) -> ReleaseRecord:
        """Return the record of a release; an empty one if it was not completely prepared."""
        try:
            record: ReleaseRecord = json.loads((self.path(release) / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record

    def note(self, release: str, **changes: Unpack[ReleaseRecord]) -> None:
        """Change the record of a release."""
        record = {**self.record(release), **changes}
        write(self.path(release) / RECORD, json.dumps(record, indent=2, sort_keys=True).encode() + b"\n")

    def note_state(self, release: str, state: str) -> None:
        """Record that a release has reached a state now."""
        self.note(release, states={**self.record(release).get("states", {}), state: time.time()})

    def note_settings(self, release: str, settings: SettingsRecord) -> None:
        """Record the settings of a release, so that a rollback to it needs no inventory."""
        if not self.has_settings(release, settings):
            self.note(release, settings=settings)

    def has_settings(self, release: str, settings: SettingsRecord) -> bool:
        """Return whether these settings of a release are recorded."""
        return self.record(release).get("settings") == settings

    def good_records(self) -> dict[str, ReleaseRecord]:
        """Return the records of releases that can serve again."""
        records = {release: self.record(release) for release in self.on_disk()}
        return {release: record for release, record in records.items() if can_serve_again(record)}

    def on_disk(self) -> list[str]:
        """Return the releases that have a directory."""
        releases = Path(self.layout.releases)
        return sorted(path.name for path in releases.iterdir() if path.is_dir()) if releases.is_dir() else []

    def kept(self) -> list[KeptRelease]:
        """Return the releases on disk with what decides whether they stay."""
        records = {release: self.record(release) for release in self.on_disk()}
        old = superseded(release for release, record in records.items() if record)
        return [self._kept(release, record, release in old) for release, record in records.items()]

    def _kept(self, release: str, record: ReleaseRecord, old: bool) -> KeptRelease:
        prepared = record.get("states", {}).get("prepared")
        good = bool(prepared) and not record.get("failed") and not record.get("damaged")
        return KeptRelease(release, float(prepared or 0), record.get("venv") or self._linked(release), good, old)

    def _linked(self, release: str) -> str | None:
        """Return the environment of a release that has no record any more."""
        try:
            return Path(os.readlink(self.path(release) / "venv")).name
        except OSError:
            return None

    def remove(self, release: str) -> None:
        """Remove a release; its record goes first, so that a release that is half removed is none."""
        (self.path(release) / RECORD).unlink(missing_ok=True)
        shutil.rmtree(self.path(release))

    def venvs(self) -> list[str]:
        """Return the environments on disk."""
        venvs = Path(self.layout.venvs)
        return sorted(path.name for path in venvs.iterdir()) if venvs.is_dir() else []

    def switch(self, release: str) -> None:
        """Make `current` name a release, in one rename(2); `previous` already names the release from before."""
        if (before := self.live()) and before != release:
            _link(Path(self.layout.previous), Path("releases", before))
        _link(self.current, Path("releases", release))
        descriptor = os.open(self.current.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def link_kept(self) -> None:
        """Make links to the releases that served and stay, without the live and the previous one.

        Pages that visitors have open since then still request their static files.
        """
        other = {self.named_by(self.layout.current), self.named_by(self.layout.previous)}
        served = {name: record["states"]["live"] for name, record in self.good_records().items() if name not in other}
        kept = Path(self.layout.kept)
        kept.mkdir(exist_ok=True)
        kept.chmod(0o755)
        newest_first = sorted(served, key=lambda name: served[name], reverse=True)
        for number, release in enumerate(newest_first, 1):
            _link(kept / str(number), Path("..", "releases", release))
        for link in kept.iterdir():
            if link.name not in map(str, range(1, len(newest_first) + 1)):
                link.unlink()

    def named_by(self, link: PurePosixPath) -> str | None:
        """Return the release that a link names, whether it exists or not; None without a link."""
        try:
            return Path(os.readlink(link)).name
        except OSError:
            return None

    def audited(self, entry: Attempt, result: str = "live") -> AbstractContextManager[Attempt]:
        """Add two lines to the audit trail, before the block and after it: see :meth:`Trail.attempt`."""
        return self.trail.attempt(entry, result)

    @contextmanager
    def lock(self, timeout: float, by: str) -> Iterator[None]:
        """Keep other runs out; the kernel releases the lock when the process that holds it ends, so it is never stale.

        Args:
            timeout: seconds to wait for another run to end.
            by: who began the run, for the message that others get until then.

        Raises:
            DeployError: another run held it for `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            Path(self.layout.home).mkdir(parents=True, exist_ok=True)
            with open(self.layout.lock, "a+", encoding="utf-8", opener=open_private) as file:
                self._acquire(file, deadline, timeout)
                if not _is_still(Path(self.layout.lock), file):  # a removal of the application deleted the file
                    continue
                os.fchmod(file.fileno(), 0o600)
                file.truncate(0)
                file.write(f"{by}, process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M:%S %Z')}\n")
                file.flush()
                yield
                return

    def _acquire(self, file: TextIO, deadline: float, timeout: float) -> None:
        if not acquire(file, deadline):
            file.seek(0)
            raise DeployError(
                f"{self.layout.app}: another run on this host holds the lock: {file.read().strip()}; "
                f"waited {timeout:g} s for it, and changed nothing"
            )


def _link(path: Path, target: Path) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, path)


def _is_still(path: Path, file: TextIO) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
