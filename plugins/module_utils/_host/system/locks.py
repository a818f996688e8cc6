"""Work that only one process on a host does at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@contextmanager
def exclusive_lock(path: Path, seconds: float) -> Iterator[None]:
    """Wait for others that hold a lock; the kernel lets go of it when its holder dies, so it is never stale.

    Only root can open its file, and so hold it.

    Raises:
        DeployError: another one held it for so many seconds.
    """
    with open(path, "w", encoding="utf-8", opener=open_private) as file:
        os.fchmod(file.fileno(), 0o600)  # one of before was open to all
        if not acquire(file, time.monotonic() + seconds):
            raise DeployError(f"another run has held {path} for {seconds:.0f} s")
        yield


def open_private(path: str, flags: int) -> int:
    """Open a file that only root may, for `open`: whoever can open it can hold its lock."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def acquire(file: TextIO, deadline: float) -> bool:
    """Whether an open file is locked for this process alone, by a moment of the monotonic clock."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
