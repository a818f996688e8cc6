"""uvicorn on the listener that systemd holds: a single process, or a supervisor with workers."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
import time

from setproctitle import setproctitle
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from .draining import DrainingServer, notify, options
from .ending import BOOTING, SERVING, SPENT
from .logs import configuration
from .settings import RELEASE, SETTINGS

LISTEN_FDS_START = 3  # SD_LISTEN_FDS_START of sd_listen_fds(3)


logger = logging.getLogger("uvicorn.error")


class LoadingServer(DrainingServer):
    """A server that logs why an application cannot be loaded, and then exits so that its supervisor gives up."""

    loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            self.config.load()
        except Exception:
            logger.exception("The application cannot be loaded")
            sys.exit(STARTUP_FAILURE)
        await super().serve(sockets)


class SingleServer(LoadingServer):
    """The server of a single process: without a supervisor, systemd checks whether it is alive."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        heartbeat = asyncio.create_task(self._beat())
        try:
            await super().serve(sockets)
        finally:
            heartbeat.cancel()

    async def _beat(self) -> None:
        while True:
            notify("WATCHDOG=1")
            await asyncio.sleep(1)


class Process(multiprocess.Process):
    """A worker whose end loses no request, and which counts as alive as long as its event loop runs."""

    _server: LoadingServer | None
    _asked: float | None = None
    state = BOOTING

    @property
    def server(self) -> LoadingServer:
        """Return its server, in the process of the worker."""
        if self._server is None:
            setproctitle(f"{SETTINGS['title']}: worker")
            self._server = LoadingServer(self.config)
        return self._server

    def pong(self) -> None:
        """Answer the supervisor from the event loop; uvicorn's own answer comes even when the loop is stuck."""
        self.child_conn.recv()
        if self.server.loop:
            answered = threading.Event()
            self.server.loop.call_soon_threadsafe(answered.set)
            answered.wait()
        state = SPENT if self.server.spent else SERVING
        self.child_conn.send(state if self.server.started else BOOTING)

    def is_ready(self, timeout: float = 5) -> bool:
        """Return whether it serves; wait for its answer."""
        return (self._healthcheck(timeout) or BOOTING) >= SERVING

    def is_alive(self, timeout: float = 5) -> bool:
        """Return whether it answered in time.

        It does not wait for the answer: the supervisor has to handle other workers and signals.
        """
        if not self.process.is_alive():
            return False
        if self._asked is None:
            self._asked = time.monotonic()
            self.parent_conn.send(b"ping")
        if self.parent_conn.poll():
            self.state = self.parent_conn.recv()
            self._asked = None
            return True
        return time.monotonic() - self._asked < timeout

    def join(self) -> None:
        """Wait for its end, and merge its metrics."""
        super().join()
        if SETTINGS["health"]["metrics"] and self.pid:
            from .metrics import forget

            forget(self.pid)


class Supervisor(multiprocess.Multiprocess):
    """A supervisor that starts a successor for a spent worker, and ends the worker once the successor serves."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._successors: dict[multiprocess.Process, Process] = {}
        self._ending: list[multiprocess.Process] = []

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died or are spent."""
        super().keep_subprocess_alive()
        if self.should_exit.is_set():
            return
        for process in [each for each in self._ending if not each.process.is_alive()]:
            process.join()
            self._ending.remove(process)
        for process in list(self._successors):
            self._check_successor(process)
        # Never more than twice the workers, however fast shares are used up and however long workers take to end.
        for process in self.processes:
            many = len(self.processes) + len(self._successors) + len(self._ending)
            spent = isinstance(process, Process) and process.state == SPENT and process not in self._successors
            if spent and many < 2 * self.processes_num:
                self._successors[process] = Process(self.config, self.sockets)
                self._successors[process].start()

    def _check_successor(self, process: multiprocess.Process) -> None:
        successor = self._successors[process]
        if not successor.is_alive(timeout=self.config.timeout_worker_healthcheck):
            successor.kill()
            successor.join()
            del self._successors[process]
            if successor.exitcode == STARTUP_FAILURE:
                self.should_exit.set()
        elif process not in self.processes:  # the worker has died, and was replaced
            successor.terminate()
            self._ending.append(successor)
            del self._successors[process]
        elif successor.state >= SERVING:
            self.processes[self.processes.index(process)] = successor
            process.terminate()
            self._ending.append(process)
            del self._successors[process]

    def terminate_all(self) -> None:
        """Begin to end all workers and successors."""
        self.processes += self._successors.values()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for the end of all workers."""
        super().join_all()
        for process in self._ending:
            process.join()


def main() -> None:
    """Serve until systemd ends the process."""
    setproctitle(SETTINGS["title"])
    config = Config("asgi_deploy_runtime.application:app", log_config=configuration(SETTINGS, RELEASE), **options())
    sockets = [socket.socket(fileno=LISTEN_FDS_START + number) for number in range(int(os.environ["LISTEN_FDS"]))]
    # A worker that ends after its share of requests needs a supervisor: systemd would count each end as a failure.
    if config.workers == 1 and config.limit_max_requests is None:
        server = SingleServer(config)
        server.run(sockets)
        started = server.started
    else:
        multiprocess.Process = Process  # type: ignore[misc]  # the supervisor has no setting for it
        supervisor = Supervisor(config, sockets)
        supervisor.run()
        started = all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
    if not started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    main()
