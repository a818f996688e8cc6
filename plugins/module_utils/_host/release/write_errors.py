"""What to write in the inventory for an application that could not write a file, by its log."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

_MOST = 2**17  # characters of a log that are searched
_READ_ONLY = "Read-only file system"  # strerror(3) of EROFS
# As Python, shells and other programs write it: the path is in quotes behind it, or before it.
_BEHIND = re.compile(
    rf"(?P<why>{_READ_ONLY}|\[Errno 13\] Permission denied)[^'\"\n]{{0,40}}['\"](?P<path>[^'\"\n]{{1,300}})"
)
_BEFORE = re.compile(rf"['\" ](?P<path>[^'\" \n:]{{1,300}})['\"]?: (?P<why>{_READ_ONLY})")
_DATABASE = re.compile(r"attempt to write a readonly database|unable to open database file")
_PATH = re.compile(r"[A-Za-z0-9._@+/-]+")
_INSTEAD = "or cache for what may be lost"


def write_advice(log: str, home: str) -> list[str]:
    """Return which option lets an application write what it could not write; empty if its log shows no such error.

    Args:
        log: of a process of it, which is not trusted.
        home: the folder of the application, which has its releases.
    """
    log = log[-_MOST:]
    for match in (*_BEHIND.finditer(log), *_BEFORE.finditer(log)):
        path = match["path"]
        if not _PATH.fullmatch(path):
            continue
        inner = _in_tree(path, home)
        if inner:
            folder = "" if PurePosixPath(inner).suffix else "/"
            return [
                f"The application could not write {inner} next to its code, which is read-only; write "
                f"storage: [{inner}{folder}], {_INSTEAD}, in its entry"
            ]
        if match["why"] == _READ_ONLY:
            return [
                f"The application could not write {path}, which is read-only for it; write storage: [media], "
                f"{_INSTEAD}, in its entry, and write there"
            ]
    if _DATABASE.search(log):
        return [
            "SQLite could not write its database; if that is a file next to the code, write storage: [db.sqlite3], "
            "with its path in the source, in the entry"
        ]
    return []


def _in_tree(path: str, home: str) -> str | None:
    """Return a path of a release's tree relative to it; None for any other path."""
    if not path.startswith("/"):
        inner = os.path.normpath(path)  # the working directory is the tree
        return None if inner.startswith("..") or inner == "." else inner
    release = re.match(rf"{re.escape(home)}/(?:current|releases/[A-Za-z0-9._+-]+)/", path)
    if not release:
        return None
    trees = [f"{release[0]}src", os.path.realpath(f"{release[0]}src")]
    for tree in trees:
        if path.startswith(f"{tree}/"):
            return os.path.normpath(path[len(tree) + 1 :])
    return None
