"""An interpreter that comes from an archive: where it lies on a host, and which applications need it.

Each archive has a folder below `/opt/asgi/python`, which only root can write, and which all applications share. An
application holds it by a link in its own folder, made before the archive is fetched; what no application holds is
removed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.locks import exclusive_lock
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHONS, ROOT, Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import PythonArchiveEntry

COMPLETE = ".complete"
_LOCK_SECONDS = 1800.0  # that another run may take to fetch one


@dataclass(frozen=True)
class PythonArchive:
    """An archive of an interpreter, as uv's list names it.

    Attributes:
        url: where it is fetched.
        sha256: its checksum.
        version: of the interpreter, as in 3.14.2.
        machine: that it is for, as in x86_64.
    """

    url: str
    sha256: str
    version: str
    machine: str

    @classmethod
    def of(cls, entry: PythonArchiveEntry | None) -> PythonArchive | None:
        """Return the archive that an option describes, if it describes one."""
        return cls(entry["url"], entry["sha256"], entry["version"], entry["machine"]) if entry else None

    @property
    def key(self) -> str:
        """Return its name in uv's list, which uv gives to the folder that it unpacks it to."""
        return f"cpython-{self.version}-linux-{self.machine}-gnu"

    @property
    def name(self) -> str:
        """Return the name of its folder: another archive of the same version has another one."""
        return f"cpython-{self.version}-{self.machine}-{self.sha256[:16]}"

    @property
    def folder(self) -> Path:
        """Return its folder."""
        return Path(PYTHONS, self.name)

    @property
    def program(self) -> Path:
        """Return the path of the interpreter."""
        return self.folder / self.key / "bin" / f"python{self.version.rpartition('.')[0]}"

    @property
    def complete(self) -> bool:
        """Return whether it is on this host as it was unpacked."""
        return (self.folder / COMPLETE).is_file() and os.access(self.program, os.X_OK)

    @property
    def pending(self) -> str:
        """Return what is to be fetched, and from where; empty if it is on this host."""
        return "" if self.complete else f"{self.version}, fetched from {self.url}"


def exclusive_pythons(seconds: float = _LOCK_SECONDS) -> AbstractContextManager[None]:
    """Return the lock of the folder of all interpreters, which all applications of a host share."""
    return exclusive_lock(Path("/run/asgi-python.lock"), seconds)


def hold(layout: Layout, archive: PythonArchive) -> None:
    """Record that an application needs an interpreter; the lock of both must be held."""
    link = Path(layout.pythons, archive.name)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.parent.chmod(0o755)
    if not link.is_symlink():
        link.symlink_to(archive.folder)


def let_go(layout: Layout, needed: Collection[str]) -> None:
    """Remove the links of an application to interpreters that none of its releases needs; its lock must be held.

    Args:
        layout: of the application.
        needed: names of interpreters that its releases need.
    """
    folder = Path(layout.pythons)
    if not folder.is_dir():
        return
    for link in folder.iterdir():
        if link.name not in needed:
            link.unlink()


def prune(folder: Path = Path(PYTHONS), applications: Path = Path(ROOT)) -> None:
    """Remove the interpreters that no application needs; while another run fetches one, leave that to the next run.

    Args:
        folder: of all interpreters.
        applications: the folder of all applications.
    """
    if not folder.is_dir():
        return
    with suppress(DeployError), exclusive_pythons(0):
        held = {link.name for link in applications.glob("*/pythons/*")}
        for path in folder.iterdir():
            if path.name not in held:
                (path / COMPLETE).unlink(missing_ok=True)
                shutil.rmtree(path, ignore_errors=True)
