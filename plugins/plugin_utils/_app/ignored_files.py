"""Files of a folder on the controller that git ignores: which ones are shipped, and what is missing without them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

Walk = Callable[[Path], Iterator[PurePosixPath]]
"""Yields the files and links of a folder, relative to it, without what tools leave behind."""


class PackingError(Exception):
    """Something on the controller cannot be packed; names the option, what was found, and what to do."""


def included_files(folder: Path, patterns: Sequence[str], walk: Walk) -> dict[str, set[PurePosixPath]]:
    """Return the files that each pattern of `directory_includes` stands for, by their paths in the folder.

    A folder stands for all that is in it.

    Args:
        folder: of the application.
        patterns: paths in it, in which an asterisk stands for a part of a name.
        walk: lists the files of a folder.

    Raises:
        PackingError: a pattern matches nothing, or what is below a link.
    """
    found: dict[str, set[PurePosixPath]] = {}
    for pattern in patterns:
        files: set[PurePosixPath] = set()
        for path in folder.glob(pattern.rstrip("/")):
            name = PurePosixPath(path.relative_to(folder))
            if link := next((inner for inner in list(name.parents)[:-1] if (folder / inner).is_symlink()), None):
                raise PackingError(f"directory_includes: found {pattern!r}, but {link} is a link; name its target")
            if path.is_symlink() or path.is_file():
                files.add(name)
            elif path.is_dir():
                files.update(name / inner for inner in walk(path))
        if not files:
            raise PackingError(
                f"directory_includes: found {pattern!r}, but {folder} holds no such file; "
                "build it before, or leave it out"
            )
        found[pattern] = files
    return found


def refuse_ignored(folder: Path, files: Sequence[PurePosixPath], needed: Mapping[PurePosixPath, str]) -> None:
    """Refuse to ship a folder without what its entry names because git ignores that.

    Args:
        folder: of the application.
        files: that are shipped.
        needed: paths in the folder, each with the option that names it.

    Raises:
        PackingError: one of them is there and ignored; names the rule, and its file.
    """
    shipped = {*files, *(parent for file in files for parent in file.parents)}
    for path, option in needed.items():
        if path not in shipped and (rule := _rule(folder, path)):
            raise PackingError(
                f"{option}: found '{path}', which git ignores by {rule}, so that directory does not ship it; "
                f"write directory_includes: [{path}] to ship it as it is on the controller"
            )


def _rule(folder: Path, path: PurePosixPath) -> str | None:
    """Return the rule by which git ignores what is at a path, and where it is; None if it ignores none of that."""
    place = folder / path
    inner = (file.relative_to(folder) for file in sorted(place.rglob("*"))[:1]) if place.is_dir() else ()
    names = [str(name) for name in (path, *inner)]
    if not place.exists():
        return None
    argv = ["git", "-C", str(folder), "check-ignore", "--verbose", "-z", "--stdin"]
    given = "".join(f"{name}\0" for name in names)
    printed = subprocess.run(argv, input=given, capture_output=True, text=True, check=False, timeout=120)
    fields = printed.stdout.split("\0")
    if len(fields) < 4:
        return None
    source, line, pattern = fields[:3]
    return f"{source}:{line} ({pattern})"
