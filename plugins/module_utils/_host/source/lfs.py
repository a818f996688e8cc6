"""Files of Git LFS, of which a checkout has only pointers."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_POINTER = b"version https://git-lfs.github.com/spec/"
_ATTRIBUTE = "filter=lfs"
_SIZE = 1024  # bytes: a pointer has fewer
_MOST = 100_000  # files that are read
_SHOWN = 3


def refuse_pointers(tree: Path, where: str) -> None:
    """Refuse a tree with pointers of Git LFS in the place of its files, which visitors would get.

    Trees without an attribute of Git LFS in their `.gitattributes` are not searched.

    Args:
        tree: the source; others wrote it.
        where: what messages call it.

    Raises:
        DeployError: there are some; names them, and what to do.
    """
    if _ATTRIBUTE not in (untrusted_files.read_text(tree, ".gitattributes") or ""):
        return
    if found := _pointers(tree):
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise DeployError(
            f"{where} has pointers of Git LFS in the place of {', '.join(found[:_SHOWN])}{more}, and Git LFS is not "
            "supported; commit the files themselves, or write archive or directory with a tree that has them"
        )


def _pointers(tree: Path) -> list[str]:
    """Return the paths of files that are pointers."""
    found: list[str] = []
    seen = 0
    for folder, _folders, names in os.walk(tree):
        for name in sorted(names):
            path = Path(folder, name)
            seen += 1
            if seen > _MOST:
                return found
            if path.is_symlink() or path.lstat().st_size >= _SIZE:
                continue
            relative = path.relative_to(tree).as_posix()
            if (untrusted_files.read_head(tree, relative, len(_POINTER)) or b"") == _POINTER:
                found.append(relative)
    return found
