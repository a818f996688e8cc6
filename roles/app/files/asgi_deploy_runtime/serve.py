"""uvicorn on the listener that systemd holds: one process, or its supervisor with workers."""

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


class Loading(DrainingServer):
    """Logs why an application cannot be loaded, and ends with the status by which a supervisor gives up."""

    loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            self.config.load()
        except Exception:
            logger.exception("The application cannot be loaded")
            sys.exit(STARTUP_FAILURE)
        await super().serve(sockets)


class Alone(Loading):
    """The only process: no supervisor asks whether it is alive, so it tells systemd."""

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
    """A worker whose end loses no request, and which is alive as long as its event loop is."""

    _server: Loading | None
    _asked: float | None = None
    state = BOOTING

    @property
    def server(self) -> Loading:
        if self._server is None:
            setproctitle(f"{SETTINGS['title']}: worker")
            self._server = Loading(self.config)
        return self._server

    def pong(self) -> None:
        """Answers when the event loop comes to it; uvicorn's own answer comes even when that is stuck."""
        self.child_conn.recv()
        if self.server.loop:
            seen = threading.Event()
            self.server.loop.call_soon_threadsafe(seen.set)
            seen.wait()
        state = SPENT if self.server.spent else SERVING
        self.child_conn.send(state if self.server.started else BOOTING)

    def is_ready(self, timeout: float = 5) -> bool:
        return (self._healthcheck(timeout) or BOOTING) >= SERVING

    def is_alive(self, timeout: float = 5) -> bool:
        """Does not wait for the answer: meanwhile the supervisor would look after no other, nor hear a signal."""
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
        super().join()
        if SETTINGS["health"]["metrics"] and self.pid:
            from .metrics import forget

            forget(self.pid)


class Supervisor(multiprocess.Multiprocess):
    """Starts a successor for a worker that has had its share, and has the worker end once the successor serves."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._successors: dict[multiprocess.Process, Process] = {}
        self._ending: list[multiprocess.Process] = []

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if self.should_exit.is_set():
            return
        for process in [one for one in self._ending if not one.process.is_alive()]:
            process.join()
            self._ending.remove(process)
        for process in list(self._successors):
            self._look_at_successor_of(process)
        # However fast shares are used up and however long the ends take: never more than twice the workers.
        for process in self.processes:
            many = len(self.processes) + len(self._successors) + len(self._ending)
            spent = isinstance(process, Process) and process.state == SPENT and process not in self._successors
            if spent and many < 2 * self.processes_num:
                self._successors[process] = Process(self.config, self.sockets)
                self._successors[process].start()

    def _look_at_successor_of(self, process: multiprocess.Process) -> None:
        successor = self._successors[process]
        if not successor.is_alive(timeout=self.config.timeout_worker_healthcheck):
            successor.kill()
            successor.join()
            del self._successors[process]
            if successor.exitcode == STARTUP_FAILURE:
                self.should_exit.set()
        elif process not in self.processes:  # it has died, and was replaced
            successor.terminate()
            self._ending.append(successor)
            del self._successors[process]
        elif successor.state >= SERVING:
            self.processes[self.processes.index(process)] = successor
            process.terminate()
            self._ending.append(process)
            del self._successors[process]

    def terminate_all(self) -> None:
        self.processes += self._successors.values()
        super().terminate_all()

    def join_all(self) -> None:
        super().join_all()
        for process in self._ending:
            process.join()


def main() -> None:
    """Serves until it is told to end."""
    setproctitle(SETTINGS["title"])
    config = Config("asgi_deploy_runtime.application:app", log_config=configuration(SETTINGS, RELEASE), **options())
    sockets = [socket.socket(fileno=LISTEN_FDS_START + number) for number in range(int(os.environ["LISTEN_FDS"]))]
    # One that ends after its share of requests has a supervisor, too: systemd would count each end against the service.
    if config.workers == 1 and config.limit_max_requests is None:
        server = Alone(config)
        server.run(sockets)
        started = server.started
    else:
        multiprocess.Process = Process  # type: ignore[misc]  # the supervisor has no other way to be told
        supervisor = Supervisor(config, sockets)
        supervisor.run()
        started = all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
    if not started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    main()
