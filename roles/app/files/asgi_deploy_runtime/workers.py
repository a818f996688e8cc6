"""gunicorn's uvicorn worker, with an end that loses no request."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn.server import HANDLED_SIGNALS
from uvicorn_worker import UvicornWorker

from .draining import DrainingServer, options
from .ending import BOOTING, SERVING, SPENT
from .replacement import Replaceable


class Worker(Replaceable, UvicornWorker):  # type: ignore[misc]
    """A worker that ends as the server does, and applies options that gunicorn's uvicorn worker ignores."""

    CONFIG_KWARGS = options()
    _server: DrainingServer | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        logger = logging.getLogger("uvicorn.error")  # the parent class gives it handlers of its own
        logger.handlers, logger.propagate = [], True

    def stage(self) -> int:
        if self._server is None or not self._server.started:
            return BOOTING
        return SPENT if self._server.spent else SERVING

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = self._server = DrainingServer(self.config)
        self._install_sigquit_handler()
        # At its end uvicorn raises the signal again by which it had to end. That would end the process before gunicorn
        # has called worker_exit.
        for number in HANDLED_SIGNALS:
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
