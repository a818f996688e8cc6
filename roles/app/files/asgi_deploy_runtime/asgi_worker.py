"""gunicorn's own asgi worker, with an end that loses no request."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import Any

from gunicorn.workers import gasgi

from . import health
from .ending import Companions
from .replacement import Counting
from .settings import SETTINGS
from .under_way import UNDER_WAY

# Seconds after which nginx closes a connection that is not used.
_IDLE: float = SETTINGS["idle"]
_GRACE: float = SETTINGS["grace"]
_LAST_WORDS = 1.0
_RESTARTS = 1012  # of RFC 6455's registry: the service restarts
# Seconds between two pings of a WebSocket, so that nginx does not close an idle one; and for an answer, as in uvicorn.
_PING: float = SETTINGS["ping"]
_PONG = 20.0
_PING_FRAME = b"\x89\x00"  # RFC 6455, 5.5.2


class Protocol(gasgi.ASGIProtocol):  # type: ignore[misc]
    """A connection that is registered with its worker.

    Attributes:
        heard: when its visitor last sent something.
    """

    heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.worker.connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.heard = time.monotonic()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.connections.discard(self)
        super().connection_lost(exc)


gasgi.ASGIProtocol = Protocol  # its worker has no setting for it


class Worker(Counting, gasgi.ASGIWorker):  # type: ignore[misc]
    """A worker that ends only after every connection has ended with an answer.

    When gunicorn's own worker has to end, or has had its share of requests, it closes a connection after the answer
    that is under way, without announcing it in that answer's head. nginx may have sent the next request on it already.
    """

    _alive = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[Protocol] = set()

    @property
    def alive(self) -> bool:
        """Return whether the worker serves; gunicorn sets it to false when the worker has to end."""
        return self._alive

    @alive.setter
    def alive(self, value: bool) -> None:
        if value or self._quick_shutdown:
            self._alive = value

    def init_signals(self) -> None:
        # uvloop misses a signal that came before it ran, and gunicorn would wait for this worker until
        # `graceful_timeout`, and so would visitors. While the application is imported, a signal just ends the worker.
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    async def _serve(self) -> None:
        super().init_signals()
        pinging = self.loop.create_task(self._ping_websockets())
        try:
            await super()._serve()
        finally:
            pinging.cancel()

    async def _ping_websockets(self) -> None:
        """Ping every WebSocket, and end the connection of a visitor who gives no answer."""
        while True:
            await asyncio.sleep(_PING)
            late = time.monotonic() - _PING - _PONG
            for connection in self._websockets():
                transport = connection._websocket.transport
                if connection._websocket.closed or transport.is_closing():
                    continue
                if connection.heard < late:
                    transport.abort()
                else:
                    transport.write(_PING_FRAME)

    def handle_exit_signal(self) -> None:
        if not self._leaving:
            self._leaving = self.loop.create_task(self._leave())

    _leaving: asyncio.Task[None] | None = None

    async def _leave(self) -> None:
        if not self.spent:
            health.stop()
            # A drain has already waited for a release that was replaced, and for longer.
            if not health.drained():
                await self._serve_on()
        health.close_connections()
        await asyncio.sleep(_IDLE)
        self._alive = False

    async def _serve_on(self) -> None:
        """Serve until all requests that are under way now have ended, in each of the workers; cancel late ones.

        No other process serves this release: visitors would wait while this one waits without accepting connections.
        """
        begun, companions, deadline = set(UNDER_WAY), Companions(), time.monotonic() + _GRACE
        while companions.waiting(bool(begun & UNDER_WAY)) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        companions.close()
        await self._end_websockets()
        for task in begun & UNDER_WAY:
            task.cancel()

    async def _shutdown(self) -> None:
        if self._quick_shutdown:
            await super()._shutdown()
            return
        # From here on connections wait in systemd's socket for the next worker. The socket is not closed yet: asyncio
        # would lose connections that it has just accepted.
        for sock in self.sockets:
            self.loop.remove_reader(sock.fileno())
        await asyncio.sleep(0.1)
        if not self.spent:
            await self._end_websockets()
        for server in self.servers:
            server.close()
        await self._wait(lambda: self.nr_conns == 0, _GRACE)
        await self._end_websockets()
        self.cfg.set("graceful_timeout", 0)  # only in this process
        await super()._shutdown()

    async def _end_websockets(self) -> None:
        for connection in (closing := self._websockets()):
            await connection._websocket._send_close(_RESTARTS)
        await self._wait(lambda: not closing & self.connections, _LAST_WORDS)

    def _websockets(self) -> set[Protocol]:
        return {each for each in self.connections if each._websocket and each._websocket.accepted}

    async def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            self.notify()
            await asyncio.sleep(0.05)
