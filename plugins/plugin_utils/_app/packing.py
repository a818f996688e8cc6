"""Archives that go from the controller to hosts: files as they are, and folders packed.

The same content becomes the same archive.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ansible import constants
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ignored_files import (
    PackingError,
    included_files,
    refuse_ignored,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan, Packed
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import resolve_path

TOP = "content"  # the only folder at the top of an archive of ours, which unpacking leaves out

# What tools leave behind: it differs between machines.
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


@dataclass(frozen=True)
class Archive:
    """An archive on the controller, and its SHA-256."""

    path: Path
    sha256: str


def existing_archive(path: Path, sha256: str | None) -> Archive:
    """Return an archive of the user's.

    Raises:
        PackingError: it has another SHA-256.
    """
    digest = file_digest(path)
    if sha256 and sha256 != digest:
        raise PackingError(f"archive.sha256: found {sha256}, but {path} has {digest}")
    return Archive(path, digest)


def pack_directory(
    folder: Path,
    into: Path,
    included: Collection[PurePosixPath] = (),
    needed: Mapping[PurePosixPath, str] | None = None,
) -> Archive:
    """Pack a folder: in a git work tree what git does not ignore, elsewhere all but what tools leave behind.

    Args:
        folder: of the application.
        into: the folder for the archive.
        included: files that are packed even if git ignores them.
        needed: paths in the folder that its entry names, each with the option that does.

    Raises:
        PackingError: it has no file, git does not list its files, or ignores one that is needed.
    """
    files = sorted({*_content(folder), *included})
    if not files:
        raise PackingError(f"directory: found {str(folder)!r}, which holds no file, or none that git does not ignore")
    refuse_ignored(folder, files, needed or {})
    return pack(folder, files, into)


def pack_wheels(folder: Path, into: Path) -> Archive:
    """Pack the wheels in a folder."""
    return pack(folder, sorted(PurePosixPath(path.name) for path in folder.glob("*.whl")), into)


def pack(folder: Path, files: Sequence[PurePosixPath], into: Path) -> Archive:
    """Pack files into an archive in the folder `into`, named by its SHA-256; it depends only on their content."""
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
    return Archive(path, digest)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file or a link to an archive."""
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
    """Yield files and links, relative to the folder."""
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
        elif path.is_symlink() or path.is_file():  # else it is deleted, and git does not know it yet
            yield name


def _known_to_git(folder: Path) -> list[PurePosixPath] | None:
    """Return what git does not ignore in a work tree; None outside of one, or if the whole folder is ignored."""
    if not any((parent / ".git").exists() for parent in (folder.absolute(), *folder.absolute().parents)):
        return None
    argv = ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError:
        raise PackingError(f"directory: {folder} is in a git work tree, but git is not on the controller") from None
    if result.returncode:
        # Packing all of it instead could ship what git ignores: keys, and personal settings.
        raise PackingError(f"directory: git does not say what belongs to {folder}:\n{result.stderr.strip()}")
    names = [PurePosixPath(name) for name in result.stdout.split("\0") if name]
    ignored = ["git", "-C", str(folder), "check-ignore", "--quiet", "."]
    if not names and subprocess.run(ignored, capture_output=True, check=False).returncode == 0:
        return None  # a build wrote it, and no commit contains it
    return names


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    """Yield files and links of a folder, without what tools leave behind."""
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
    """Return whether a path is a file or a link."""
    return path.is_symlink() or path.is_file()


def packed(app: AppPlan, base: str | None) -> Packed:
    """Pack what an application takes from the controller: the archive of its source, and that of its wheels.

    Args:
        app: its plan.
        base: the directory below which relative paths are.

    Raises:
        PackingError: something of it is missing, or is not what the options say.
    """
    into = Path(constants.DEFAULT_LOCAL_TMP)  # Ansible's own folder of this run, which it removes at the end
    included: dict[str, set[PurePosixPath]] = {}
    if app["directory"]:
        included = included_files(resolve_path(app["directory"], base), app["directory_includes"], _walk)
    source = _source(app, base, into, {file for files in included.values() for file in files})
    wheels = pack_wheels(resolve_path(app["wheelhouse"], base), into) if app["wheelhouse"] else None
    return {
        "source": {"sha256": source.sha256} if source else {},
        "wheelhouse": wheels.sha256 if wheels else None,
        "archives": [{"path": str(each.path), "sha256": each.sha256} for each in (source, wheels) if each],
        "included": {pattern: len(files) for pattern, files in included.items()},
    }


def _source(app: AppPlan, base: str | None, into: Path, included: Collection[PurePosixPath]) -> Archive | None:
    """Return the archive of the source; None if it does not come from the controller."""
    if app["directory"]:
        return pack_directory(resolve_path(app["directory"], base), into, included, _needed(app))
    archive = app["archive"]
    if archive and archive["path"]:
        return existing_archive(resolve_path(archive["path"], base), archive["sha256"])
    return None


def _needed(app: AppPlan) -> dict[PurePosixPath, str]:
    """Return the paths of its folder that an entry names and that no build makes, each with the option."""
    top = PurePosixPath(app["subdirectory"] or "")
    named = {top: "subdirectory"} if app["subdirectory"] else {}
    if app["requirements"]:
        named[top / app["requirements"]] = "requirements"
    if not app["build"]["commands"]:
        # A file of the entry makes the folder as well.
        static = [folder for folder in app["static"].values() if not _holds(folder, app["files"])]
        named.update((top / folder, "static") for folder in static)
    return named


def _holds(folder: str, files: Iterable[str]) -> bool:
    """Return whether a folder holds one of these files."""
    return any(PurePosixPath(folder) in PurePosixPath(file).parents for file in files)
