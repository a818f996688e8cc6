"""gunicorn's worker with uvicorn's server, with an end that loses no request."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.workers import base
from uvicorn import Config

from .draining import DrainingServer, options, run
from .ending import BOOTING, SERVING, SPENT
from .replacement import Replaceable

# Signals by which the server ends, after the last answer.
_ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


class Worker(Replaceable, base.Worker):  # type: ignore[misc]
    """A worker of gunicorn that serves as `server: uvicorn` does."""

    _server: DrainingServer | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cfg = self.cfg
        own = {"timeout_keep_alive": cfg.keepalive, "backlog": cfg.backlog, "forwarded_allow_ips": "*"}
        self.config = Config(None, log_config=None, **{**own, **options()})  # type: ignore[arg-type]

    def stage(self) -> int:
        if self._server is None or not self._server.started:
            return BOOTING
        return SPENT if self._server.spent else SERVING

    def init_signals(self) -> None:
        # While the application is imported, a signal ends the worker.
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, self.handle_usr1)
        signal.siginterrupt(signal.SIGUSR1, False)

    def run(self) -> None:
        run(self._serve(), self.config)

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = self._server = DrainingServer(self.config, self.max_requests)
        # At its end uvicorn raises the signal again by which it had to end. That would end the process before gunicorn
        # has called worker_exit.
        for number in _ENDING:
            signal.signal(number, server.handle_exit)
        # While uvicorn waits for the last requests it gives no sign of life, and would be killed after `timeout`.
        heartbeat = asyncio.create_task(self._beat())
        try:
            await server.serve(self.sockets)
        finally:
            heartbeat.cancel()
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def _beat(self) -> None:
        while True:
            self.notify()
            await asyncio.sleep(1)
