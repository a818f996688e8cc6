"""The bound of what builds of an application keep for the next ones: caches of uv, pip, npm and the like."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_SHARE = 10  # the part of the file system that a cache may have
_LEAST, _MOST = 2**30, 8 * 2**30  # bytes
_HOLDS_CACHES = ".cache"  # a folder of caches of several programs


class CacheSize(NamedTuple):
    """The size of the cache of one program, and when it was last written."""

    bytes: int
    written: float  # seconds of the epoch


def limit(total: int) -> int:
    """Return how many bytes a cache may have on a file system of `total` bytes.

    >>> [limit(gib * 2**30) // 2**20 for gib in (5, 20, 40, 500)]
    [1024, 2048, 4096, 8192]
    """
    return min(max(total // _SHARE, _LEAST), _MOST)


def surplus(sizes: Mapping[str, CacheSize], most: int) -> list[str]:
    """Return the caches to remove, so that the others have at most so many bytes: the longest unused first.

    A part of a cache cannot be removed: only its program knows what belongs together.

    >>> surplus({"uv": CacheSize(6, 3.0), ".npm": CacheSize(3, 1.0), "pip": CacheSize(2, 2.0)}, 8)
    ['.npm']
    """
    left, removed = sum(size.bytes for size in sizes.values()), list[str]()
    for name in sorted(sizes, key=lambda name: sizes[name].written):
        if left <= most:
            break
        removed.append(name)
        left -= sizes[name].bytes
    return removed


def bound_cache(cache: Path) -> None:
    """Remove what is too much in a folder of caches; no program may write there until then."""
    total = shutil.disk_usage(cache).total
    for name in surplus({name: measure(cache / name) for name in _caches(cache)}, limit(total)):
        path = cache / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _caches(cache: Path) -> list[str]:
    """Return the names of what belongs to one program each, relative to the folder."""
    names = os.listdir(cache)
    several = cache / _HOLDS_CACHES
    if _HOLDS_CACHES in names and several.is_dir() and not several.is_symlink():
        names.remove(_HOLDS_CACHES)
        names += [f"{_HOLDS_CACHES}/{name}" for name in os.listdir(several)]
    return names


def measure(path: Path) -> CacheSize:
    """Return the size of a file or folder on the disk; no link is followed, and a second name counts once."""
    seen: set[tuple[int, int]] = set()
    total, written = 0, 0.0
    tops = [(str(path.parent), [path.name], list[str]())]
    walked = os.walk(path) if path.is_dir() and not path.is_symlink() else iter(())
    for folder, folders, files in (*tops, *walked):
        for name in (*folders, *files):
            status = os.lstat(os.path.join(folder, name))
            if (key := (status.st_dev, status.st_ino)) not in seen:
                seen.add(key)
                total += status.st_blocks * 512
                written = max(written, status.st_mtime)
    return CacheSize(total, written)
