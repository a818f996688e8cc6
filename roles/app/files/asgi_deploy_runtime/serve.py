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
        self.child_conn.send(self.server.started)

    def is_alive(self, timeout: float = 5) -> bool:
        """Does not wait for the answer: meanwhile the supervisor would look after no other, nor hear a signal."""
        if not self.process.is_alive():
            return False
        if self._asked is None:
            self._asked = time.monotonic()
            self.parent_conn.send(b"ping")
        if self.parent_conn.poll():
            self.parent_conn.recv()
            self._asked = None
            return True
        return time.monotonic() - self._asked < timeout

    def join(self) -> None:
        super().join()
        if SETTINGS["health"]["metrics"] and self.pid:
            from .metrics import forget

            forget(self.pid)


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
        supervisor = multiprocess.Multiprocess(config, sockets)
        supervisor.run()
        started = all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
    if not started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    main()
