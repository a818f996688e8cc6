"""gunicorn's way to replace a worker that has had its share of requests: `max_requests`.

gunicorn itself starts another worker when the first one has ended. Until the application is imported, no worker serves
in its place; and long connections must be cut, as a worker is missing while they are waited for. So the runtime starts
the successor first.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Any

from gunicorn import arbiter
from gunicorn.errors import HaltServer
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


# Whether a worker with threads that ends serves kept connections until they are closed: since gunicorn 27.
KEEPS_CONNECTIONS = hasattr(gthread, "STOP_KEEPALIVE_LINGER")
# How long a worker that ends keeps an idle connection: longer than nginx does, so that nginx closes it.
gthread.STOP_KEEPALIVE_LINGER = SETTINGS["idle"] + 0.5


class Arbiter(arbiter.Arbiter):  # type: ignore[misc]
    """An arbiter that starts a successor for a spent worker, and ends the worker once the successor serves."""

    def __init__(self, app: Any) -> None:
        self._successors: dict[int, int] = {}  # by the worker that waits for it
        self._ending: set[int] = set()
        self._stopping = self._reaping = self._died = False
        super().__init__(app)

    def handle_chld(self, *signal_and_frame: Any) -> None:
        """Handle the end of workers.

        gunicorn before 24 calls this when the signal comes, in the midst of something else, and even of itself. So the
        main loop does what is to be done; at the end it only waits, and this does it.
        """
        if not signal_and_frame:
            super().handle_chld()
            return
        self._died = True
        if self._stopping:
            self._forget_dead()
        self.wakeup()

    def _forget_dead(self) -> None:
        with suppress(HaltServer):  # it is about to end
            self._reap()
        self.kill_workers(0)  # forgets those that are gone

    def _reap(self) -> None:
        while self._died and not self._reaping:
            self._died, self._reaping = False, True
            try:
                self.reap_workers()
            finally:
                self._reaping = False

    def stop(self, graceful: bool = True) -> None:
        """End all workers."""
        self._stopping = True
        self._forget_dead()
        super().stop(graceful)

    def manage_workers(self) -> None:
        """Keep as many workers as configured, and start successors."""
        self._reap()
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
