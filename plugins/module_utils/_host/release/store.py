"""An application's releases on a host: what is there, what serves, and what was done."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TextIO

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.retention import KeptRelease
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import can_serve_again
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.trail import Trail
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.locks import acquire, open_private
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.generations import superseded
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

RECORD = "release.json"
# What every module takes that works under the lock, as the fragment `run` documents it.


class Store:
    """The directory of one application."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.current = Path(layout.current)
        self.trail = Trail(layout, self)

    def path(self, release: str) -> Path:
        return Path(self.layout.release(release))

    def live(self) -> str | None:
        """The release that `current` names, if it is there."""
        try:
            release = Path(os.readlink(self.current)).name
        except OSError:
            return None
        return release if self.record(release) else None

    def named(self) -> set[str]:
        """What `current` names, whether it is there or not."""
        try:
            return {Path(os.readlink(self.current)).name}
        except OSError:
            return set()

    def record(self, release: str) -> dict[str, Any]:
        """What is known of a release; empty for one that was not prepared to the end."""
        try:
            found: dict[str, Any] = json.loads((self.path(release) / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def note(self, release: str, **changes: Any) -> None:
        """Adds to what is known of a release."""
        record = {**self.record(release), **changes}
        write(self.path(release) / RECORD, json.dumps(record, indent=2, sort_keys=True).encode() + b"\n")

    def good_records(self) -> dict[str, dict[str, Any]]:
        """The records of releases that can serve again."""
        records = {release: self.record(release) for release in self.on_disk()}
        return {release: record for release, record in records.items() if can_serve_again(record)}

    def on_disk(self) -> list[str]:
        releases = Path(self.layout.releases)
        return sorted(path.name for path in releases.iterdir() if path.is_dir()) if releases.is_dir() else []

    def kept(self) -> list[KeptRelease]:
        records = {release: self.record(release) for release in self.on_disk()}
        old = superseded(release for release, record in records.items() if record)
        return [self._kept(release, record, release in old) for release, record in records.items()]

    def _kept(self, release: str, record: Mapping[str, Any], old: bool) -> KeptRelease:
        prepared = record.get("states", {}).get("prepared")
        good = bool(prepared) and not record.get("failed") and not record.get("damaged")
        return KeptRelease(release, float(prepared or 0), record.get("venv") or self._linked(release), good, old)

    def _linked(self, release: str) -> str | None:
        """The environment of a release whose record is gone."""
        try:
            return Path(os.readlink(self.path(release) / "venv")).name
        except OSError:
            return None

    def remove(self, release: str) -> None:
        """Removes a release; its record goes first, so that one that is half removed is none."""
        (self.path(release) / RECORD).unlink(missing_ok=True)
        shutil.rmtree(self.path(release))

    def venvs(self) -> list[str]:
        venvs = Path(self.layout.venvs)
        return sorted(path.name for path in venvs.iterdir()) if venvs.is_dir() else []

    def switch(self, release: str) -> None:
        """Makes `current` name a release, in one rename(2); `previous` names the one before already then."""
        if (before := self.live()) and before != release:
            _link(Path(self.layout.previous), before)
        _link(self.current, release)
        descriptor = os.open(self.current.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def audited(self, result: str = "live", **entry: Any) -> AbstractContextManager[dict[str, Any]]:
        """Add two lines to the audit trail, before the block and after it: see :meth:`Trail.attempt`."""
        return self.trail.attempt(result, entry)

    @contextmanager
    def lock(self, timeout: float, by: str) -> Iterator[None]:
        """Keeps other runs out; the kernel lets go of the lock when its holder dies, so it is never stale.

        Args:
            timeout: seconds to wait for another run to end.
            by: who asks, for the message that others get meanwhile.

        Raises:
            DeployError: another run held it for `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            Path(self.layout.home).mkdir(parents=True, exist_ok=True)
            with open(self.layout.lock, "a+", encoding="utf-8", opener=open_private) as file:
                self._acquire(file, deadline, timeout)
                if not _is_still(Path(self.layout.lock), file):  # a removal of the application took the file away
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


def _link(path: Path, release: str) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path("releases", release))
    os.replace(temporary, path)


def _is_still(path: Path, file: TextIO) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
