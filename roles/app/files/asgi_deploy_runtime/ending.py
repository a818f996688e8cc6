"""The end of a release's processes: the stage of each one, and whether any of them still has to wait."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

# Stages of a worker: it starts, it serves, it has had its share of requests and serves until its successor does.
BOOTING, SERVING, SPENT = range(3)

# The exit code of a process whose application cannot be loaded or started; another one would not help.
STARTUP_FAILURE = 3


class Companions:
    """The workers that have to end at the same time: while one of them waits for requests, all of them serve.

    Each worker that waits shares a lock. The application owns its file, and cannot make a worker wait longer by it.
    """

    def __init__(self) -> None:
        path = Path(os.environ["ASGI_RUNTIME"], "ending")
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def waiting(self, own: bool) -> bool:
        """Return whether this worker or another one waits.

        Args:
            own: whether this worker has requests to wait for.
        """
        try:
            fcntl.flock(self._lock, (fcntl.LOCK_SH if own else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return own

    def close(self) -> None:
        """Stop waiting."""
        os.close(self._lock)
