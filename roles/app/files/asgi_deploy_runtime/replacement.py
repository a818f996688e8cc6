"""gunicorn's way to replace a worker that has had its share of requests: `max_requests`.

gunicorn itself starts another one when the worker has gone. Until the application is imported, nobody serves in its
place, and what is connected for long must be cut, for each second that it is waited for has a worker less. So here the
other one comes first.
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
    """Goes before a worker of gunicorn's in the order of classes, and has it tell the arbiter how far it is.

    It tells by the length of the file whose time is its sign of life.
    """

    tmp: Any

    def stage(self) -> int:
        raise NotImplementedError

    def notify(self) -> None:
        os.ftruncate(self.tmp.fileno(), self.stage())
        super().notify()  # type: ignore[misc]


class Counting(Replaceable):
    """For workers that count requests in `nr`, and would end at `max_requests` by themselves."""

    max_requests: int
    _share = sys.maxsize
    _nr = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._share, self.max_requests = self.max_requests, sys.maxsize

    @property
    def nr(self) -> int:
        return self._nr

    @nr.setter
    def nr(self, value: int) -> None:
        self._nr = value

    @property
    def spent(self) -> bool:
        return self._nr >= self._share

    def stage(self) -> int:  # they show no sign of life before they take connections
        return SPENT if self.spent else SERVING


class SyncWorker(Counting, sync.SyncWorker):  # type: ignore[misc]
    """One request at a time, each on a connection of its own."""


class ThreadWorker(Counting, gthread.ThreadWorker):  # type: ignore[misc]
    """Threads, and connections that nginx keeps."""


# For how long a worker that ends keeps an idle connection: longer than nginx does, which then is the one to close it.
gthread.STOP_KEEPALIVE_LINGER = SETTINGS["idle"] + 0.5

WSGI = {"sync": SyncWorker, "gthread": ThreadWorker}


class Arbiter(arbiter.Arbiter):  # type: ignore[misc]
    """Starts a successor for a worker that has had its share, and has the worker end once the successor serves."""

    def __init__(self, app: Any) -> None:
        self._successors: dict[int, int] = {}  # of workers that wait for theirs
        self._ending: set[int] = set()
        super().__init__(app)

    def manage_workers(self) -> None:
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
        # However fast shares are used up and however long the ends take: never more than twice the workers.
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
