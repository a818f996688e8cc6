"""A supervisor of processes with uvicorn: it replaces those that died, are stuck, or have had their share of requests.

uvicorn has one of its own, whose classes are internal and differ from version to version.
"""

from __future__ import annotations

import logging
import multiprocessing
import select
import signal
import socket
import threading
import time
from multiprocessing.connection import Connection

from setproctitle import setproctitle

from .ending import BOOTING, SERVING, SPENT, STARTUP_FAILURE
from .serve import LoadingServer
from .settings import SETTINGS

_PAUSE = 0.5  # seconds between two inspections of the workers
_ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
# A process of its own, and no copy of this one: what the application starts when it is imported belongs to one worker.
_SPAWN = multiprocessing.get_context("spawn")

logger = logging.getLogger("uvicorn.error")


def serve(sockets: list[socket.socket], supervisor: Connection) -> None:
    """Serve in a process of a worker, and answer its supervisor."""
    setproctitle(f"{SETTINGS['title']}: worker")
    server = LoadingServer()
    threading.Thread(target=_answer, args=(server, supervisor), daemon=True).start()
    server.run(sockets)


def _answer(server: LoadingServer, supervisor: Connection) -> None:
    """Answer each question of the supervisor with the stage, from the event loop: one that is stuck gives no answer."""
    while True:
        try:
            supervisor.recv()
        except EOFError:  # the supervisor has ended this worker
            return
        if server.loop:
            answered = threading.Event()
            server.loop.call_soon_threadsafe(answered.set)
            answered.wait()
        stage = SPENT if server.spent else SERVING
        supervisor.send(stage if server.started else BOOTING)


class Worker:
    """A worker, which counts as alive as long as its event loop runs.

    Attributes:
        state: its stage, as it said last.
    """

    def __init__(self, sockets: list[socket.socket], timeout: float) -> None:
        self.state = BOOTING
        self._timeout = timeout
        self._asked: float | None = None
        self._connection, other = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve, args=(sockets, other))
        self._process.start()
        other.close()

    @property
    def exitcode(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self._process.exitcode

    def is_alive(self) -> bool:
        """Return whether it answered in time.

        It does not wait for the answer: the supervisor has to handle other workers and signals.
        """
        if not self._process.is_alive():
            return False
        try:
            if self._asked is None:
                self._asked = time.monotonic()
                self._connection.send(None)
            if self._connection.poll():
                self.state = self._connection.recv()
                self._asked = None
                return True
        except (OSError, EOFError):  # it is about to end
            return self._process.is_alive()
        return time.monotonic() - self._asked < self._timeout

    def end(self) -> None:
        """Ask it to end, after the last answer."""
        if self._process.exitcode is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self.join()

    def join(self) -> None:
        """Wait for its end, and merge its metrics."""
        self._process.join()
        self._connection.close()
        if SETTINGS["health"]["metrics"] and self._process.pid:
            from .metrics import forget

            forget(self._process.pid)


class Supervisor:
    """A supervisor that starts a successor for a spent worker, and ends the worker once the successor serves."""

    def __init__(self, sockets: list[socket.socket], number: int, timeout: float) -> None:
        self._sockets = sockets
        self._number = number
        self._timeout = timeout
        self._workers: list[Worker] = []
        self._successors: dict[Worker, Worker] = {}  # by the worker that waits for it
        self._ending: list[Worker] = []
        self._failed = False

    def run(self) -> int:
        """Run until a signal comes or the application cannot start; return the code to exit with."""
        # A signal ends the pause at once; what it means is decided here, and not in the midst of something else.
        signals, woken = socket.socketpair()
        signals.setblocking(False)
        woken.setblocking(False)
        for number in (*_ENDING, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: None)
        signal.set_wakeup_fd(woken.fileno())
        self._workers = [self._start() for _each in range(self._number)]
        while not self._failed:
            came = signals.recv(64) if select.select([signals], [], [], _PAUSE)[0] else b""
            if set(came).intersection(_ENDING):
                break
            if signal.SIGHUP in came:
                for worker in self._workers:
                    worker.state = SPENT
            self._watch()
        rest = [*self._workers, *self._successors.values(), *self._ending]
        for worker in rest:
            worker.end()
        for worker in rest:
            worker.join()
        failed = any(worker.exitcode == STARTUP_FAILURE for worker in self._workers)
        return STARTUP_FAILURE if self._failed or failed else 0

    def _start(self) -> Worker:
        return Worker(self._sockets, self._timeout)

    def _watch(self) -> None:
        """Replace workers that died or are spent."""
        for index, worker in enumerate(self._workers):
            if not worker.is_alive():
                self._bury(worker)
                if self._failed:
                    return
                self._workers[index] = self._start()
        for worker in [each for each in self._ending if each.exitcode is not None]:
            worker.join()
            self._ending.remove(worker)
        for worker in list(self._successors):
            self._check_successor(worker)
        # Never more than twice the workers, however fast shares are used up and however long workers take to end.
        for worker in self._workers:
            many = len(self._workers) + len(self._successors) + len(self._ending)
            if worker.state == SPENT and worker not in self._successors and many < 2 * self._number:
                self._successors[worker] = self._start()

    def _check_successor(self, worker: Worker) -> None:
        successor = self._successors[worker]
        if not successor.is_alive():
            del self._successors[worker]
            self._bury(successor)
        elif worker not in self._workers:  # the worker has died, and was replaced
            del self._successors[worker]
            self._let_end(successor)
        elif successor.state >= SERVING:
            del self._successors[worker]
            self._workers[self._workers.index(worker)] = successor
            self._let_end(worker)

    def _let_end(self, worker: Worker) -> None:
        worker.end()
        self._ending.append(worker)

    def _bury(self, worker: Worker) -> None:
        """Remove a worker that ended by itself or is stuck.

        Where the application could not start, it would fail in the same way in each other process.
        """
        worker.kill()
        self._failed = worker.exitcode == STARTUP_FAILURE
        if not self._failed:
            logger.error("A worker died or did not answer for %g s; another one starts", self._timeout)
