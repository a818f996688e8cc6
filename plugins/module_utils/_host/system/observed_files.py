"""Files as they are on a host."""

from __future__ import annotations

import functools
import grp
import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class ObservedFile(NamedTuple):
    """What is at a path.

    Attributes:
        kind: file, directory, link or special file.
        attributes: owner, group and mode, as lines.
        content: of a file its bytes, of a link its target.
    """

    kind: str
    attributes: str
    content: bytes


def observe(path: Path) -> ObservedFile | None:
    """Return what is at a path; None if nothing is."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(status.st_mode), "special file")
    mode = f"{stat.S_IMODE(status.st_mode):04o}"
    content = path.read_bytes() if kind == "file" else os.fsencode(os.readlink(path)) if kind == "link" else b""
    return ObservedFile(kind, attributes_text(_name(_user, status.st_uid), _name(_group, status.st_gid), mode), content)


# The C library reads a whole file each time. A number without a name may get one, so it is not cached.
@functools.cache
def _user(number: int) -> str:
    return pwd.getpwuid(number).pw_name


@functools.cache
def _group(number: int) -> str:
    return grp.getgrgid(number).gr_name


def _name(lookup: Callable[[int], str], number: int) -> str:
    try:
        return lookup(number)
    except KeyError:
        return str(number)


def attributes_text(owner: str, group: str, mode: str) -> str:
    """Return owner, group and mode as lines, as differences show them."""
    return f"owner: {owner}\ngroup: {group}\nmode: {mode}\n"
