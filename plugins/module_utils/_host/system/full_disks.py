"""File systems without room, by which errors of programs that could not write are explained."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    CACHE,
    CONFIGURATION,
    DATA,
    ROOT,
    STATE,
    STORAGE,
)

# What the kernel, git, uv and pip write; a program that cannot write for another reason has other words.
_SIGNS = ("No space left on device", "Disk quota exceeded", "os error 28", "Errno 28", "ENOSPC")
_PLACES = tuple(map(str, (ROOT, CACHE, DATA, STORAGE, STATE, CONFIGURATION, "/var/log", "/tmp", "/")))  # noqa: S108
_LITTLE, _FEW = 64 * 2**20, 1000  # bytes and files


class FileSystem(NamedTuple):
    """How much room a file system has.

    Attributes:
        path: a folder of the host that is on it.
        free: bytes that programs may still write.
        size: bytes.
        free_files: how many files may still be made.
        files: the most files that it can hold; 0 if it has no such limit.
    """

    path: str
    free: int
    size: int
    free_files: int
    files: int

    @property
    def full(self) -> bool:
        """Return whether it has little room."""
        return self.free < min(_LITTLE, self.size // 10) or (self.files > 0 and self.free_files < _FEW)

    def describe(self) -> str:
        """Return its room in words."""
        files = f", and {self.free_files:,} of {self.files:,} inodes" if self.files else ""
        return f"{self.path} has {self.free // 2**20:,} MiB of {self.size // 2**20:,} MiB left{files}"


def explain(text: str) -> str:
    """Return an error, with the file systems that have no room where that is why something failed."""
    if not any(sign in text for sign in _SIGNS):
        return text
    return f"{text}\n{describe_room(file_systems())}"


def describe_room(found: Iterable[FileSystem]) -> str:
    """Return which file systems are full, and what to do; if none is, how much room each has.

    What a failed build wrote is gone by then, so that none may be full any more.
    """
    known = [*found]
    if full := [system.describe() for system in known if system.full]:
        return (
            f"The host has no room: {'; '.join(full)}. Make room there, and run again; "
            "of an application, a smaller `keep` removes releases"
        )
    room = "; ".join(system.describe() for system in known)
    return f"The host had no room for a while, and has some again: {room}. Make more of it, and run again"


def file_systems(places: Iterable[str] = _PLACES) -> list[FileSystem]:
    """Return the file systems that some folders are on, each once, by the first of its folders that exists."""
    found: dict[int, FileSystem] = {}
    for path in filter(os.path.isdir, places):
        device = Path(path).stat().st_dev
        if device not in found:
            room = os.statvfs(path)
            unit = room.f_frsize
            found[device] = FileSystem(path, room.f_bavail * unit, room.f_blocks * unit, room.f_favail, room.f_files)
    return [*found.values()]
