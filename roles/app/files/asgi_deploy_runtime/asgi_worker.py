"""gunicorn's own asgi worker, with an end that loses no request."""

from __future__ import annotations

import asyncio
import signal

from gunicorn.workers.gasgi import ASGIWorker

from . import health
from .settings import SETTINGS

# Seconds after which nginx closes a connection that is not used.
_IDLE: float = SETTINGS["idle"]


class Worker(ASGIWorker):  # type: ignore[misc]
    """Lets every answer end its connection before it ends itself.

    gunicorn's own closes a connection after the answer that is under way when it is told to end, without having said
    so in that answer's head; nginx has sent the next request on it already.
    """

    _alive = True

    @property
    def alive(self) -> bool:
        """Set to false by gunicorn when the worker has been told to end, and after its share of requests."""
        return self._alive

    @alive.setter
    def alive(self, value: bool) -> None:
        if value or self._quick_shutdown:
            self._alive = value
        elif not health.closing():
            health.close_connections()
            self.loop.call_later(_IDLE, self._end)

    def init_signals(self) -> None:
        # uvloop does not hear of a signal that came before it ran, and gunicorn would wait for this worker until
        # `graceful_timeout`, with visitors of the next one. While the application is imported, a signal just ends it.
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    async def _serve(self) -> None:
        super().init_signals()
        await super()._serve()

    def handle_exit_signal(self) -> None:
        health.stop()
        super().handle_exit_signal()

    def _end(self) -> None:
        self._alive = False

    async def _shutdown(self) -> None:
        # What comes from here on waits in systemd's socket for the next worker. Not closed yet: asyncio would lose
        # what it has just accepted.
        for sock in self.sockets:
            self.loop.remove_reader(sock.fileno())
        await asyncio.sleep(0.1)
        await super()._shutdown()
