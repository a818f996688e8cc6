"""Files of Git LFS, of which a checkout has only pointers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_POINTER = b"version https://git-lfs.github.com/spec/"
_ATTRIBUTES, _ATTRIBUTE = ".gitattributes", "filter=lfs"
_SIZE = 1024  # bytes: a pointer has fewer
_SHOWN = 3


def refuse_pointers(tree: Path, where: str) -> None:
    """Refuse a tree with pointers of Git LFS in the place of its files, which visitors would get.

    A tree without an attribute of Git LFS in any `.gitattributes` is not searched.

    Args:
        tree: the source; others wrote it.
        where: what messages call it.

    Raises:
        DeployError: there are some; names them, and what to do.
    """
    texts = (untrusted_files.read_text(tree, name) or "" for name in _files(tree) if name.endswith(_ATTRIBUTES))
    if not any(_ATTRIBUTE in text for text in texts):
        return
    if found := _pointers(tree):
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise DeployError(
            f"{where} has pointers of Git LFS in the place of {', '.join(found[:_SHOWN])}{more}, and Git LFS is not "
            "supported; commit the files themselves, or write archive or directory with a tree that has them"
        )


def _pointers(tree: Path) -> list[str]:
    """Return the paths of files that are pointers."""
    small = (name for name in _files(tree) if (tree / name).lstat().st_size < _SIZE)
    return [name for name in small if untrusted_files.read_head(tree, name, len(_POINTER)) == _POINTER]


def _files(tree: Path) -> Iterator[str]:
    """Yield the paths of all files of a tree that are no links."""
    for folder, folders, names in os.walk(tree):
        folders.sort()
        paths = (Path(folder, name) for name in sorted(names))
        yield from (path.relative_to(tree).as_posix() for path in paths if not path.is_symlink())
