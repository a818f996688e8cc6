"""An archive of a Debian's own Python, in the layout of those that uv unpacks."""

from __future__ import annotations

import hashlib
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = (
    "__pycache__",
    "test",
    "idlelib",
    "tkinter",
    "ensurepip",
    "dist-packages",
    "site-packages",
    "sitecustomize.py",
)


@dataclass(frozen=True)
class Archive:
    """An archive: where it is, and its checksum."""

    path: Path
    sha256: str


def build(prefix: Path, folder: Path, version: str, machine: str = "x86_64") -> Archive:
    """Write an archive of the Python below `prefix`, without what no application needs.

    Args:
        prefix: a folder with `bin` and `lib`, such as /usr.
        folder: where the archive goes.
        version: of the interpreter, as in 3.11.2.
        machine: that it is for.
    """
    minor = version.rpartition(".")[0]
    path = folder / f"cpython-{version}+20261110-{machine}-unknown-linux-gnu-install_only_stripped.tar.gz"

    def chosen(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if entry.name.rpartition("/")[2] in _LEFT_OUT or (entry.issym() and entry.linkname.startswith("/")):
            return None
        entry.uid = entry.gid = 0
        return entry

    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        tar.add((prefix / "bin" / f"python{minor}").resolve(), f"python/bin/python{minor}", filter=chosen)
        tar.add(prefix / "lib" / f"python{minor}", f"python/lib/python{minor}", filter=chosen)
    return Archive(path, hashlib.sha256(path.read_bytes()).hexdigest())


def version_of(root: Path) -> str:
    """Return the version of the Python of a Debian's file system, by its list of packages."""
    status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    found = re.search(r"^Package: python3\.\d+-minimal$.*?^Version: (\d+\.\d+\.\d+)", status, re.MULTILINE | re.DOTALL)
    if found is None:
        raise LookupError(f"{root} has no Python")
    return found[1]
