"""Files that other users wrote, read by root: only regular files, below a folder, of a limited size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

MAX_TEXT = 8 * 2**20  # bytes of a list of requirements: the largest uv.lock that is known has less than 2 MiB


def find(top: Path, name: str) -> Path | None:
    """Return the regular file that `name` leads to below `top`, also by links of the tree; None if there is none.

    Raises:
        DeployError: it leads out of `top`, or to something else than a regular file.
    """
    path = top / name
    if not os.path.lexists(path):
        return None
    try:
        real, whole = path.resolve(), top.resolve()
        kind = real.lstat().st_mode
    except FileNotFoundError:
        raise DeployError(f"{name} is a link to nothing; take it out") from None
    except (OSError, RuntimeError) as error:  # a circle
        raise DeployError(f"{name} cannot be read: {error}") from error
    if not real.is_relative_to(whole):
        raise DeployError(f"{name} leads out of its folder; only links within it are followed")
    if not stat.S_ISREG(kind):
        raise DeployError(f"{name} is no regular file")
    return real


def read(top: Path, name: str, most: int = MAX_TEXT) -> bytes | None:
    """Return the content of the file that `name` leads to below `top`; None if there is none.

    Args:
        top: a folder that another user has written.
        name: a path below it.
        most: the bytes that the file may have.

    Raises:
        DeployError: as :func:`find` does, or the file is too large.
    """
    content = read_head(top, name, most + 1)
    if content is not None and len(content) > most:
        raise DeployError(f"{name} is too large: expected at most {most:,} bytes")
    return content


def read_head(top: Path, name: str, size: int) -> bytes | None:
    """Return the first bytes of the file that `name` leads to below `top`; None if there is none.

    Even if another process changes the tree at the same time, no link is followed and no pipe is waited for.

    Raises:
        DeployError: as :func:`find` does.
    """
    real = find(top, name)
    if real is None:
        return None
    whole = top.resolve()
    opened = [os.open(whole, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        *folders, last = real.relative_to(whole).parts
        for folder in folders:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            opened.append(os.open(folder, flags, dir_fd=opened[-1]))
        handle = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=opened[-1])
    except OSError as error:
        raise DeployError(f"{name} cannot be read: {error}") from error
    finally:
        for folder_handle in opened:
            os.close(folder_handle)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise DeployError(f"{name} is no regular file")
        return file.read(size)


def read_text(top: Path, name: str, most: int = MAX_TEXT) -> str | None:
    """Return the content of the file that `name` leads to below `top` as text; None if there is none.

    Raises:
        DeployError: as :func:`read` does, or the content is not UTF-8.
    """
    content = read(top, name, most)
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError as error:
        raise DeployError(f"{name} of the application is not UTF-8 text: {error}") from error
