"""What processes of a release know of each other's end: how far each one is, and whether any still has to wait."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

# How far a worker is: it starts, it serves, it has had its share of requests and serves until a successor does.
BOOTING, SERVING, SPENT = range(3)


class Companions:
    """The workers that were told to end at the same time: while one waits for something, all of them go on serving.

    Each that waits shares a lock. The file is the application's: what it does to it makes nobody wait for longer.
    """

    def __init__(self) -> None:
        path = Path(os.environ["ASGI_RUNTIME"], "ending")
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def waiting(self, own: bool) -> bool:
        """Whether this worker, which has something to wait for or not, or another one waits."""
        try:
            fcntl.flock(self._lock, (fcntl.LOCK_SH if own else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return own

    def close(self) -> None:
        os.close(self._lock)
