"""uvicorn on the listener that systemd holds: a single process, or a supervisor with workers."""

from __future__ import annotations

import asyncio
import logging.config
import os
import secrets
import socket
import sys

from setproctitle import setproctitle
from uvicorn import Config

from .draining import DrainingServer, notify, options, run
from .ending import STARTUP_FAILURE
from .logs import configuration
from .settings import RELEASE, SETTINGS

LISTEN_FDS_START = 3  # SD_LISTEN_FDS_START of sd_listen_fds(3)

logger = logging.getLogger("uvicorn.error")


class LoadingServer(DrainingServer):
    """A server that logs why an application cannot be loaded or started, and then exits with STARTUP_FAILURE."""

    loop: asyncio.AbstractEventLoop | None = None

    def __init__(self) -> None:
        application = "asgi_deploy_runtime.application:app"
        super().__init__(Config(application, log_config=configuration(SETTINGS, RELEASE), **options()), _share())

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        run(self.serve(sockets), self.config)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            self.config.load()
        except SystemExit:  # uvicorn has logged the reason
            sys.exit(STARTUP_FAILURE)
        except Exception:
            logger.exception("The application cannot be loaded")
            sys.exit(STARTUP_FAILURE)
        await super().serve(sockets)
        if not self.started:
            sys.exit(STARTUP_FAILURE)


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


def _share() -> int:
    """Return the number of requests after which another worker has to serve."""
    settings = SETTINGS["uvicorn"]
    if (share := settings.get("limit_max_requests")) is None:
        return sys.maxsize
    return int(share) + secrets.randbelow(settings.get("limit_max_requests_jitter", 0) + 1)


def main() -> None:
    """Serve until systemd ends the process."""
    setproctitle(SETTINGS["title"])
    settings = SETTINGS["uvicorn"]
    sockets = [socket.socket(fileno=LISTEN_FDS_START + number) for number in range(int(os.environ["LISTEN_FDS"]))]
    # A worker that ends after its share of requests needs a supervisor: systemd would count each end as a failure.
    if settings["workers"] == 1 and settings.get("limit_max_requests") is None:
        SingleServer().run(sockets)
        return
    from .supervisor import Supervisor

    logging.config.dictConfig(configuration(SETTINGS, RELEASE))
    sys.exit(Supervisor(sockets, settings["workers"], settings["timeout_worker_healthcheck"]).run())


if __name__ == "__main__":
    main()
