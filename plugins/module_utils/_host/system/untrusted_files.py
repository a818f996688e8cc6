"""Files that others wrote, read by root: regular ones only, below a folder, of a bounded size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

MAX_TEXT = 8 * 2**20  # bytes of what lists requirements: the largest uv.lock known has less than two


def find(top: Path, name: str) -> Path | None:
    """Return the regular file that `name` leads to below `top`, by links of the tree as well; nothing where none is.

    Raises:
        DeployError: it leads out of `top`, or to what is no regular file.
    """
    place = top / name
    if not os.path.lexists(place):
        return None
    try:
        real, whole = place.resolve(), top.resolve()
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
    """Return the content of the file that `name` leads to below `top`; nothing where none is.

    Args:
        top: a folder that others have written.
        name: a path below it.
        most: bytes that it may have.

    Raises:
        DeployError: as :func:`find` does, or it is too large.
    """
    content = read_head(top, name, most + 1)
    if content is not None and len(content) > most:
        raise DeployError(f"{name} is too large: expected at most {most:,} bytes")
    return content


def read_head(top: Path, name: str, size: int) -> bytes | None:
    """Return the first bytes of the file that `name` leads to below `top`; nothing where none is.

    Whatever happens to the tree meanwhile, the file is opened through no link, and a pipe is not waited for.

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
        for one in opened:
            os.close(one)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise DeployError(f"{name} is no regular file")
        return file.read(size)


def read_text(top: Path, name: str, most: int = MAX_TEXT) -> str | None:
    """Return the same as text.

    Raises:
        DeployError: as :func:`read` does, or it is no UTF-8.
    """
    content = read(top, name, most)
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError as error:
        raise DeployError(f"{name} of the application is not UTF-8 text: {error}") from error
