"""gunicorn's way to replace a worker that has had its share of requests: `max_requests`.

gunicorn itself starts another worker when the first one has ended. Until the application is imported, no worker serves
in its place; and long connections must be cut, as a worker is missing while they are waited for. So the runtime starts
the successor first.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from gunicorn import arbiter
from gunicorn.workers import gthread, sync

from .ending import BOOTING, SERVING, SPENT
from .settings import SETTINGS


class Replaceable:
    """A base that makes a worker of gunicorn report its stage to the arbiter; it precedes the worker's own class.

    The stage is the length of the file whose time is the worker's sign of life.
    """

    tmp: Any

    def stage(self) -> int:
        """Return its stage: BOOTING, SERVING or SPENT."""
        raise NotImplementedError

    def notify(self) -> None:
        """Give a sign of life, with the stage."""
        os.ftruncate(self.tmp.fileno(), self.stage())
        super().notify()  # type: ignore[misc]


class Counting(Replaceable):
    """A base for workers that count requests in `nr`, and would end at `max_requests` by themselves."""

    max_requests: int
    _share = sys.maxsize
    _nr = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._share, self.max_requests = self.max_requests, sys.maxsize

    @property
    def nr(self) -> int:
        """Return the number of its requests."""
        return self._nr

    @nr.setter
    def nr(self, value: int) -> None:
        self._nr = value

    @property
    def spent(self) -> bool:
        """Return whether it has had its share of requests."""
        return self._nr >= self._share

    def stage(self) -> int:  # such workers give no sign of life before they accept connections
        return SPENT if self.spent else SERVING


class SyncWorker(Counting, sync.SyncWorker):  # type: ignore[misc]
    """A worker with one request at a time, each on a connection of its own."""


class ThreadWorker(Counting, gthread.ThreadWorker):  # type: ignore[misc]
    """A worker with threads, and connections that nginx keeps open."""


# How long a worker that ends keeps an idle connection: longer than nginx does, so that nginx closes it.
gthread.STOP_KEEPALIVE_LINGER = SETTINGS["idle"] + 0.5

WSGI = {"sync": SyncWorker, "gthread": ThreadWorker}


class Arbiter(arbiter.Arbiter):  # type: ignore[misc]
    """An arbiter that starts a successor for a spent worker, and ends the worker once the successor serves."""

    def __init__(self, app: Any) -> None:
        self._successors: dict[int, int] = {}  # by the worker that waits for it
        self._ending: set[int] = set()
        super().__init__(app)

    def manage_workers(self) -> None:
        """Keep as many workers as configured, and start successors."""
        self._ending &= self.WORKERS.keys()
        self._successors = {
            pid: successor
            for pid, successor in self._successors.items()
            if pid in self.WORKERS and successor in self.WORKERS
        }
        for pid, successor in list(self._successors.items()):
            if self._state(successor) >= SERVING:
                del self._successors[pid]
                self._end(pid)
        staying = sorted(self.WORKERS.keys() - self._ending - self._successors.keys(), key=self._age)
        while len(staying) > self.num_workers:
            self._end(staying.pop(0))
        for _missing in range(self.num_workers - len(staying)):
            self.spawn_worker()
        # Never more than twice the workers, however fast shares are used up and however long workers take to end.
        for pid in staying:
            if self._state(pid) == SPENT and len(self.WORKERS) < 2 * self.num_workers:
                self._successors[pid] = self.spawn_worker()

    def _end(self, pid: int) -> None:
        self._ending.add(pid)
        self.kill_worker(pid, signal.SIGTERM)

    def _age(self, pid: int) -> int:
        age: int = self.WORKERS[pid].age
        return age

    def _state(self, pid: int) -> int:
        try:
            return os.fstat(self.WORKERS[pid].tmp.fileno()).st_size
        except (OSError, ValueError):
            return BOOTING
