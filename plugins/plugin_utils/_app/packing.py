"""What goes from the controller to hosts: files as they are, and folders packed, the same content to the same file."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ansible import constants
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import resolve_path

TOP = "content"  # the one folder in an archive of ours, which unpacking leaves out

# What tools leave behind; it differs from machine to machine.
_LEFT_OUT = {
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".DS_Store",
}


class PackingError(Exception):
    """Something on the controller cannot be packed; names the option, what was found, and what to do."""


@dataclass(frozen=True)
class Packed:
    """An archive on the controller, and its SHA-256."""

    path: Path
    sha256: str


def given_archive(path: Path, sha256: str | None) -> Packed:
    """An archive that is there already."""
    found = file_digest(path)
    if sha256 and sha256 != found:
        raise PackingError(f"archive.sha256: found {sha256}, but {path} has {found}")
    return Packed(path, found)


def pack_directory(folder: Path, into: Path) -> Packed:
    """A folder's content: in a git work tree what git does not ignore, elsewhere all but what tools leave behind."""
    files = sorted(set(_content(folder)))
    if not files:
        raise PackingError(f"directory: found {str(folder)!r}, which holds no file, or none that git does not ignore")
    return pack(folder, files, into)


def pack_wheels(folder: Path, into: Path) -> Packed:
    """The wheels in a folder."""
    return pack(folder, sorted(PurePosixPath(path.name) for path in folder.glob("*.whl")), into)


def pack(folder: Path, files: Sequence[PurePosixPath], into: Path) -> Packed:
    """An archive in the folder `into`, named by its SHA-256, with nothing in it of this machine or of now."""
    handle, temporary = tempfile.mkstemp(prefix=".pack-", dir=into)
    try:
        with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name in files:
                _add(tar, folder / name, f"{TOP}/{name}")
        digest = file_digest(Path(temporary))
        path = into / f"asgi-{digest}.tar"
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Packed(path, digest)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    if path.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
        tar.addfile(entry)
        return
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        entry.size, entry.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
        tar.addfile(entry, file)


def _content(folder: Path) -> Iterator[PurePosixPath]:
    """Files and links, relative to the folder."""
    listed = _known_to_git(folder)
    if listed is None:
        yield from _walk(folder)
        return
    for name in listed:
        path = folder / name
        if _LEFT_OUT.intersection(name.parts) or name.suffix in (".pyc", ".pyo"):
            continue
        if path.is_dir() and not path.is_symlink():  # a submodule: a work tree of its own
            yield from (name / inner for inner in _content(path))
        elif path.is_symlink() or path.is_file():  # else it is deleted, and git was not told yet
            yield name


def _known_to_git(folder: Path) -> list[PurePosixPath] | None:
    """What git does not ignore in a work tree; nothing where the folder is in none, or is itself ignored as a whole."""
    if not any((parent / ".git").exists() for parent in (folder.absolute(), *folder.absolute().parents)):
        return None
    argv = ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError:
        raise PackingError(f"directory: {folder} is in a git work tree, but git is not on the controller") from None
    if result.returncode:
        # Packing all of it instead could ship what git ignores: keys, and settings of somebody's own.
        raise PackingError(f"directory: git does not tell what belongs to {folder}:\n{result.stderr.strip()}")
    names = [PurePosixPath(name) for name in result.stdout.split("\0") if name]
    ignored = ["git", "-C", str(folder), "check-ignore", "--quiet", "."]
    if not names and subprocess.run(ignored, capture_output=True, check=False).returncode == 0:
        return None  # what a build has written to a place that no commit takes
    return names


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    for path, folders, files in os.walk(folder):
        here = Path(path)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [
            name
            for name in folders
            if name not in _LEFT_OUT and name not in links and not (here / name / "pyvenv.cfg").exists()
        ]
        for name in (*files, *links):
            whole = here / name
            if name not in _LEFT_OUT and whole.suffix not in (".pyc", ".pyo") and (name in links or _plain(whole)):
                yield PurePosixPath(whole.relative_to(folder))


def _plain(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def packed(wanted: Mapping[str, Any], base: str | None) -> dict[str, Any]:
    """What an application takes from the controller: its own archive, and that of its wheels.

    Args:
        wanted: with `archive`, `directory` and `wheelhouse` as in an application's options; those of nothing are None.
        base: the directory below which relative paths are.

    Raises:
        PackingError: something of it is not there, or not as it shall be.
    """
    into = Path(constants.DEFAULT_LOCAL_TMP)  # Ansible's own of this run; it removes it in the end
    source = _source(wanted, base, into)
    wheels = pack_wheels(resolve_path(wanted["wheelhouse"], base), into) if wanted["wheelhouse"] else None
    return {
        "source": {"sha256": source.sha256} if source else {},
        "wheelhouse": wheels.sha256 if wheels else None,
        "archives": [{"path": str(one.path), "sha256": one.sha256} for one in (source, wheels) if one],
    }


def _source(wanted: Mapping[str, Any], base: str | None, into: Path) -> Packed | None:
    if wanted["directory"]:
        return pack_directory(resolve_path(wanted["directory"], base), into)
    archive = wanted["archive"] or {}
    if archive.get("path"):
        return given_archive(resolve_path(archive["path"], base), archive.get("sha256"))
    return None
