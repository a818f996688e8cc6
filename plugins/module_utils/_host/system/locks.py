"""Locks for work that only one process on a host may do at a time."""

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
    """Hold a lock while the block runs; wait until another process releases it.

    The kernel releases it when its holder dies, so it is never stale. Only root can open its file, and so hold it.

    Args:
        path: of the lock's file.
        seconds: how long to wait.

    Raises:
        DeployError: another process held it for that long.
    """
    with open(path, "w", encoding="utf-8", opener=open_private) as file:
        os.fchmod(file.fileno(), 0o600)  # an older version created it readable by all
        if not acquire(file, time.monotonic() + seconds):
            raise DeployError(f"another run has held {path} for {seconds:.0f} s")
        yield


def open_private(path: str, flags: int) -> int:
    """Open a file that only root can open, as `opener` of `open`: a process that can open it can hold its lock."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def acquire(file: TextIO, deadline: float) -> bool:
    """Return whether an open file could be locked for this process only, by a deadline of the monotonic clock."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
