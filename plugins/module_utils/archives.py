"""Archives on the host: fetched or shipped, checked, and unpacked with nothing outside their folder."""

from __future__ import annotations

import hashlib
import http.client
import json
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.layout import CACHE, ROOT

ARCHIVES = Path(CACHE, "archives")  # by SHA-256, readable by root alone
UNUSED = 86_400.0  # seconds that an archive which no release was made from stays: one may be about to be

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
    """One file or link of an archive, and how its content is read."""

    path: PurePosixPath
    link: str | None  # what a symbolic link points to
    executable: bool
    open: Callable[[], IO[bytes]]


def missing(digests: Sequence[str], folder: Path = ARCHIVES) -> list[str]:
    """The archives that are not on this host."""
    return [digest for digest in digests if not (folder / digest).is_file()]


def digest_of(path: Path) -> str:
    """A file's SHA-256, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def have(sha256: str, url: str | None, name: str, folder: Path = ARCHIVES) -> Path:
    """The archive on this host, fetched from `url` if it is not there yet, and in any case what its checksum says.

    Raises:
        DeployError: it cannot be had, or is another; nothing of it was unpacked.
    """
    path = folder / sha256
    if path.is_file() and digest_of(path) == sha256:
        os.utime(path)  # used just now: see `prune`
        return path
    path.unlink(missing_ok=True)
    if url is None:
        raise DeployError(f"{name} did not arrive whole on this host; run again")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(prefix=".", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            found = _download(url, file)
        if found != sha256:
            raise DeployError(
                f"archive.sha256: found {sha256}, but {url} has {found}; nothing of it was unpacked. "
                "If it shall be that one, write its checksum"
            )
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def _download(url: str, file: IO[bytes]) -> str:
    found = hashlib.sha256()
    try:
        # Only http and https get through the rules for the option; the checksum decides what is taken.
        with urllib.request.build_opener().open(url, timeout=120) as answer:
            while block := answer.read(1 << 20):
                found.update(block)
                file.write(block)
            # Of an answer that is cut off http.client says so only where it has no length.
            if (length := answer.headers.get("Content-Length")) and file.tell() != int(length):
                raise OSError(f"it ended after {file.tell():,} of {int(length):,} bytes")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DeployError(f"archive.url: {url} cannot be fetched from this host: {error}") from error
    return found.hexdigest()


def unpack(archive: Path, tree: Path, name: str) -> None:
    """Writes an archive's files below `tree`, which must exist and be empty; a single folder at its top is left out.

    Raises:
        DeployError: it is no archive, is broken, or holds what does not belong below `tree`.
    """
    try:
        with _entries(archive, name) as entries:
            _write(_without_top(entries), tree, name)
    except _BROKEN as error:
        raise DeployError(f"{name} cannot be unpacked: {error}") from error


@contextmanager
def _entries(archive: Path, name: str) -> Iterator[list[Entry]]:
    # Tar first: the end of a tar may look like a zip, but the beginning of a zip is never a tar's.
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
    return Entry(_inside(info.filename, name), link, bool(mode & 0o111), lambda: zipped.open(info))


def _inside(path: str, name: str) -> PurePosixPath:
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts or not found.parts or "\x00" in path or "\\" in path:
        raise DeployError(f"{name} holds {path!r}, which lies outside its folder")
    return found


def _without_top(entries: Sequence[Entry]) -> list[Entry]:
    tops = {entry.path.parts[0] for entry in entries}
    if len(tops) != 1 or any(len(entry.path.parts) == 1 for entry in entries):
        return list(entries)
    return [Entry(PurePosixPath(*entry.path.parts[1:]), entry.link, entry.executable, entry.open) for entry in entries]


def _write(entries: Sequence[Entry], tree: Path, name: str) -> None:
    """Files first and links last, so that nothing is written through a link."""
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
        # Never through a link that was made just before.
        if path.parent.resolve() != tree.resolve() / entry.path.parent:
            raise DeployError(f"{name} holds {str(entry.path)!r} below a link")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(str(entry.link))
        except (FileExistsError, NotADirectoryError):
            raise DeployError(f"{name} holds {str(entry.path)!r} twice") from None
    for entry in links:
        # Only now is known where a link leads that goes through others.
        if os.path.isabs(str(entry.link)) or not _stays(tree / entry.path, tree):
            raise DeployError(f"{name} holds {str(entry.path)!r}, a link that leads out of its folder")


def _stays(link: Path, tree: Path) -> bool:
    try:
        return link.resolve().is_relative_to(tree.resolve())
    except (OSError, RuntimeError):  # a circle leads nowhere
        return True


def prune(folder: Path = ARCHIVES, releases: Path = Path(ROOT), now: float | None = None) -> None:
    """Removes archives that no release on this host was made from, and what interrupted fetches left."""
    if not folder.is_dir():
        return
    used: set[Any] = set()
    for record in releases.glob("*/releases/*/release.json"):
        with suppress(OSError, ValueError):
            known = json.loads(record.read_text(encoding="utf-8"))
            used |= {known.get("wheelhouse"), (known.get("source") or {}).get("sha256")}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in used and (now or time.time()) - path.stat().st_mtime > UNUSED:
                path.unlink()
