"""Unpacks archives, and writes nothing outside of their folder."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    NotImplementedError,
)


@dataclass(frozen=True)
class Entry:
    """A file or link of an archive.

    Attributes:
        path: in the archive.
        link: of a symbolic link, what it points to.
        executable: whether it is a program.
        open: opens its content.
    """

    path: PurePosixPath
    link: str | None
    executable: bool
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, tree: Path, name: str) -> None:
    """Write an archive's files below `tree`, which must exist and be empty; a single folder at its top is left out.

    Args:
        archive: a tar or a zip.
        tree: the folder.
        name: what messages call the archive.

    Raises:
        DeployError: it is no archive, is broken, or contains something that does not belong below `tree`.
    """
    try:
        with _entries(archive, name) as entries:
            _write(_without_top(entries), tree, name)
    except _BROKEN as error:
        raise DeployError(f"{name} cannot be unpacked: {error}") from error


@contextmanager
def _entries(archive: Path, name: str) -> Iterator[list[Entry]]:
    # Tar first: the end of a tar may look like a zip, but a zip never begins like a tar.
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            yield [_of_tar(tar, member, name) for member in tar if not member.isdir()]
    elif zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield [_of_zip(zipped, info, name) for info in zipped.infolist() if not info.is_dir()]
    else:
        raise DeployError(f"{name} is no tar.gz, tar.xz, tar.bz2, tar or zip")


def _of_tar(tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> Entry:
    if not (member.isreg() or member.issym() or member.islnk()):
        raise DeployError(f"{name} holds {member.name!r}, which is no file, folder or link")

    def content() -> IO[bytes]:
        try:
            file = tar.extractfile(member)  # of a hard link, what it links to
        except KeyError:
            file = None
        if file is None:
            raise DeployError(f"{name} holds {member.name!r}, a link to what it does not hold")
        return file

    link = member.linkname if member.issym() else None
    return Entry(_inside(member.name, name), link, bool(member.mode & 0o111), content)


def _of_zip(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Entry:
    mode = info.external_attr >> 16
    link = zipped.read(info).decode(errors="replace") if stat.S_ISLNK(mode) else None
    # Some programs of Windows separate folders by it, which is against the format; here it would be one long name.
    if "\\" in info.filename:
        raise DeployError(f"{name} holds {info.filename!r}, with a backslash; pack folders with / between their names")
    return Entry(_inside(info.filename, name), link, bool(mode & 0o111), lambda: zipped.open(info))


def _inside(path: str, name: str) -> PurePosixPath:
    inner = PurePosixPath(path)
    if inner.is_absolute() or ".." in inner.parts or not inner.parts or "\x00" in path:
        raise DeployError(f"{name} holds {path!r}, which lies outside its folder")
    return inner


def _without_top(entries: Sequence[Entry]) -> list[Entry]:
    tops = {entry.path.parts[0] for entry in entries}
    if len(tops) != 1 or any(len(entry.path.parts) == 1 for entry in entries):
        return list(entries)
    return [Entry(PurePosixPath(*entry.path.parts[1:]), entry.link, entry.executable, entry.open) for entry in entries]


def _write(entries: Sequence[Entry], tree: Path, name: str) -> None:
    """Write files first and links last, so that nothing is written through a link."""
    links = [entry for entry in entries if entry.link is not None]
    for entry in entries:
        if entry.link is None:
            target = tree / entry.path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with entry.open() as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file)
            except (FileExistsError, NotADirectoryError):
                raise DeployError(f"{name} holds {str(entry.path)!r} twice") from None
            target.chmod(0o755 if entry.executable else 0o644)
    for entry in links:
        path = tree / entry.path
        # Never through a link that was written before.
        if path.parent.resolve() != tree.resolve() / entry.path.parent:
            raise DeployError(f"{name} holds {str(entry.path)!r} below a link")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(str(entry.link))
        except (FileExistsError, NotADirectoryError):
            raise DeployError(f"{name} holds {str(entry.path)!r} twice") from None
    for entry in links:
        # Where a link through other links leads is known only now.
        if os.path.isabs(str(entry.link)) or not _stays(tree / entry.path, tree):
            raise DeployError(f"{name} holds {str(entry.path)!r}, a link that leads out of its folder")


def _stays(link: Path, tree: Path) -> bool:
    try:
        return link.resolve().is_relative_to(tree.resolve())
    except (OSError, RuntimeError):  # a circle leads nowhere
        return True
