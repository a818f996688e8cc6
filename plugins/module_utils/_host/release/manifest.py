"""Manifests: what a release or an environment consists of, recorded when it is complete and compared later.

lstat(2) shows whether a file differs, since every write changes the time of its last change. A file that only its time
makes suspicious, as after a restore from a backup, is read: only its content counts.
"""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

TOP = "."
_CACHE = "__pycache__"  # Python may add to it, whenever root runs it
_SHOWN = 3  # differences in a text; the others are counted
_PIECE = 2**20  # bytes of a file that are read at once


Numbers = Callable[[str], int]  # returns the number of a user or a group, by name; raises KeyError if there is none


class Entry(NamedTuple):
    """What is at a path.

    Attributes:
        kind: file, directory, link, or special file.
        mode: permission bits.
        user: the number of its owner.
        group: the number of its group.
        size: bytes; 0 of a directory.
        changed: when it was last changed, in ns of the epoch; 0 of a directory, whose names are compared instead.
        content: SHA-256 of a file, or target of a link; empty until it is read.
    """

    kind: str
    mode: int
    user: int
    group: int
    size: int
    changed: int
    content: str = ""


@dataclass(frozen=True)
class Tree:
    """A directory with everything in it, and files elsewhere that belong to it.

    Attributes:
        top: the directory.
        others: the files elsewhere.
        skip: returns whether to ignore a name directly in the directory.
    """

    top: Path
    others: Sequence[Path] = ()
    skip: Callable[[str], bool] = lambda _name: False

    def read(self) -> dict[str, Entry]:
        """Return the entries, by path relative to the directory, without their contents; none if it is missing."""
        entries: dict[str, Entry] = {}
        try:
            entries[TOP] = _entry(self.top.lstat())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        if entries[TOP].kind == "directory":
            entries |= {path: entry for path, entry in _walk(self.top) if not self.skip(path.split("/", 1)[0])}
        for path in self.others:
            try:
                entries[str(path)] = _entry(path.lstat())
            except FileNotFoundError:  # removed just now
                continue
        return entries

    def content(self, path: str, kind: str) -> str:
        """Return the digest of a file or the target of a link; empty if it cannot be read."""
        place = self.top / path
        try:
            if kind == "link":
                return os.readlink(place)
            return _digest(place) if kind == "file" else ""
        except OSError:
            return ""


@dataclass(frozen=True)
class Manifest:
    """The content of a tree at some time.

    Attributes:
        entries: what was there, by path.
        users: the numbers of users by their names: a user that was removed and created again has another one.
        groups: the same for groups.
        made: when it was recorded, in seconds of the epoch.
        adopted: whether it was recorded later than the tree was made.
    """

    entries: Mapping[str, Entry]
    users: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    made: float = 0.0
    adopted: bool = False

    def renumbered(self, user: Numbers, group: Numbers) -> Manifest:
        """Return the manifest with the present numbers of its users and groups; those that are gone keep theirs."""
        users, groups = _present(self.users, user), _present(self.groups, group)
        user_of, group_of = (
            {was[name]: number for name, number in now.items()}
            for was, now in ((self.users, users), (self.groups, groups))
        )
        entries = {
            path: entry._replace(user=user_of.get(entry.user, entry.user), group=group_of.get(entry.group, entry.group))
            for path, entry in self.entries.items()
        }
        return replace(self, entries=entries, users=users, groups=groups)

    def renewed(self, present: Mapping[str, Entry]) -> Manifest:
        """Return the manifest with what lstat says now, for the same contents."""
        entries = {path: present[path]._replace(content=entry.content) for path, entry in self.entries.items()}
        return replace(self, entries=entries)


@dataclass(frozen=True)
class Differences:
    """How a tree differs from its manifest.

    Attributes:
        damage: what only another tree repairs, as sentences about paths.
        loose: what differs only in owner or mode, as it must be, by path.
        texts: the same, as sentences.
    """

    damage: Sequence[str] = ()
    loose: Mapping[str, Entry] = field(default_factory=dict)
    texts: Sequence[str] = ()


def digest_of(entries: Mapping[str, Entry]) -> str:
    """Return a digest of what lstat says of a tree: while it stays the same, nothing has changed."""
    lines = "\n".join(f"{path}\0{' '.join(map(str, entry[:-1]))}" for path, entry in sorted(entries.items()))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def compare(
    manifest: Manifest, present: Mapping[str, Entry], content: Callable[[str, str], str], verify: bool = False
) -> Differences:
    """Return how a tree differs from its manifest.

    Args:
        manifest: the manifest.
        present: what is there.
        content: returns the digest or target of a path of a kind: see :meth:`Tree.content`.
        verify: whether to read all files, and not only those whose size or time differs.
    """
    if TOP not in present:
        return Differences(("it is missing",))
    damage, loose, texts = [], {}, []
    for path, was in manifest.entries.items():
        now = present.get(path)
        if now is None:
            damage.append(f"{path} is missing")
        elif now.kind != was.kind:
            damage.append(f"{path} is a {now.kind} instead of a {was.kind}")
        elif (verify or now[4:6] != was[4:6]) and content(path, was.kind) != was.content:
            damage.append(f"{path} was changed")
        elif was.kind != "link" and now[1:4] != was[1:4]:
            loose[path] = was
            texts.append(f"{path} {_attributes(now, was)}")
    damage += [
        f"{path} does not belong to it" for path in present if path not in manifest.entries and not _cached(path)
    ]
    return Differences(tuple(damage), loose, tuple(texts))


def shortened(texts: Sequence[str], subject: str = "") -> str:
    """Return sentences about paths as one text.

    >>> shortened(["a is missing", "b is missing", "c is missing", "d is missing"], "environment")
    'environment: a is missing, b is missing, c is missing and 1 more'
    """
    shown = ", ".join(texts[:_SHOWN]) + (f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else "")
    named = f"{subject}: {shown}" if subject else shown
    return named.encode(errors="surrogateescape").decode(errors="backslashreplace")


def recorded(tree: Tree, adopted: bool = False) -> Manifest:
    """Return the manifest of a tree as it is, with the contents of all files."""
    present = tree.read()
    entries = {path: entry._replace(content=tree.content(path, entry.kind)) for path, entry in present.items()}
    users = _named({entry.user for entry in entries.values()}, lambda number: pwd.getpwuid(number).pw_name)
    groups = _named({entry.group for entry in entries.values()}, lambda number: grp.getgrgid(number).gr_name)
    return Manifest(entries, users, groups, time.time(), adopted)


def encode(manifest: Manifest, present: Mapping[str, Entry] | None = None) -> str:
    """Return the text of a manifest: a line that shows whether anything changed, and one with all entries.

    Args:
        manifest: the manifest.
        present: what is there, with the same contents; by default the entries themselves.
    """
    head = {
        "digest": digest_of(present or manifest.entries),
        "users": dict(manifest.users),
        "groups": dict(manifest.groups),
        "made": manifest.made,
        "adopted": manifest.adopted,
    }
    return f"{json.dumps(head)}\n{json.dumps(manifest.entries)}\n"


def decode(text: str) -> Manifest:
    """Return a manifest from its text.

    Raises:
        ValueError, TypeError, KeyError: the text is not that of a manifest.
    """
    head, entries = (dict(json.loads(line)) for line in text.splitlines())
    return Manifest(
        {path: Entry(*entry) for path, entry in entries.items()},
        head["users"],
        head["groups"],
        head["made"],
        head["adopted"],
    )


def unchanged(head: str, present: Mapping[str, Entry], user: Numbers, group: Numbers) -> bool:
    """Return whether a tree is as it was, by the first line of its manifest's text."""
    record = json.loads(head)
    numbers = [(record["users"], user), (record["groups"], group)]
    same = all(_present(named, number) == named for named, number in numbers)
    return same and bool(record["digest"] == digest_of(present))


def restore_attributes(tree: Tree, loose: Mapping[str, Entry]) -> None:
    """Restore owners and modes of paths; directories first, so that no other user can replace what is in them."""
    for path, entry in sorted(loose.items()):
        descriptor = os.open(tree.top / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if _entry(os.fstat(descriptor)).kind == entry.kind:
                os.fchown(descriptor, entry.user, entry.group)
                os.fchmod(descriptor, entry.mode)
        finally:
            os.close(descriptor)


def _named(numbers: Iterable[int], name: Callable[[int], str]) -> dict[str, int]:
    named = {}
    for number in numbers:
        with suppress(KeyError):  # a user that is gone
            named[name(number)] = number
    return named


def _present(named: Mapping[str, int], number: Numbers) -> dict[str, int]:
    present = dict(named)
    for name in named:
        with suppress(KeyError):
            present[name] = number(name)
    return present


def _attributes(now: Entry, expected: Entry) -> str:
    if now.mode != expected.mode:
        return f"has mode {now.mode:04o} instead of {expected.mode:04o}"
    return f"is owned by {now.user}:{now.group} instead of {expected.user}:{expected.group}"


def _cached(path: str) -> bool:
    return _CACHE in path.split("/")


def _walk(top: Path) -> Iterator[tuple[str, Entry]]:
    """Yield everything in a directory; links are not followed."""
    folders = [("", str(top))]
    while folders:
        prefix, folder = folders.pop()
        try:
            with os.scandir(folder) as scanned:
                for item in scanned:
                    path = f"{prefix}{item.name}"
                    entry = _entry(item.stat(follow_symlinks=False))
                    if entry.kind == "directory":
                        folders.append((f"{path}/", item.path))
                    yield path, entry
        except FileNotFoundError:  # removed just now: it is missing
            continue


def _entry(status: os.stat_result) -> Entry:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return Entry("directory", stat.S_IMODE(mode), status.st_uid, status.st_gid, 0, 0)
    kind = "file" if stat.S_ISREG(mode) else "link" if stat.S_ISLNK(mode) else "special file"
    return Entry(kind, stat.S_IMODE(mode), status.st_uid, status.st_gid, status.st_size, status.st_ctime_ns)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
