"""Work that only one process on a host does at a time."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@contextmanager
def alone(path: Path, seconds: float) -> Iterator[None]:
    """Waits for others that hold a lock; the kernel lets go of it when its holder dies, so it is never stale.

    Raises:
        DeployError: another one held it for so many seconds.
    """
    with path.open("w") as file:
        if not acquired(file, time.monotonic() + seconds):
            raise DeployError(f"another run has held {path} for {seconds:.0f} s")
        yield


def acquired(file: TextIO, deadline: float) -> bool:
    """Whether an open file is locked for this process alone, by a moment of the monotonic clock."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
