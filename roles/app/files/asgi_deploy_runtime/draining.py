"""uvicorn's server, with an end that loses no request."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from . import health
from .bounds import bounded
from .ending import Companions
from .public import Public
from .settings import RELEASE, SETTINGS

# Seconds after which a connection that is not used is closed: by nginx, or without it by us once we are to end.
_IDLE: float = SETTINGS["idle"]
# Seconds for what was told to end: a WebSocket's last words, and a request that was cancelled.
_LAST_WORDS = 1.0
_MARGIN = 5.0

_CLOSE = (b"connection", b"close")

logger = logging.getLogger("uvicorn.error")


class DrainingServer(Server):
    """Ends without closing a connection that is about to be used: uvicorn's own end loses such requests."""

    _public: Public | None = None
    spent = False
    """Whether it has had its share of requests. It goes on serving until it is told to end: by then another serves."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._share, self.limit_max_requests = self.limit_max_requests, None
        self._kept = config.timeout_keep_alive

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        # The gate asks on the unix socket, and without TLS; whatever else there is comes from visitors.
        self._visitors = [sock for sock in sockets or [] if sock.family != socket.AF_UNIX]
        await super().serve([sock for sock in sockets or [] if sock.family == socket.AF_UNIX])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # For nginx's log alone, which tells by it who answered; visitors do not see it.
        if not SETTINGS["direct"]:
            self.config.encoded_headers.append((b"x-asgi-release", RELEASE.encode()))
        await super().startup(sockets)
        if SETTINGS["direct"]:
            busy = self.server_state.connections.__len__
            self._public = Public(
                SETTINGS["direct"], self._visitors, self._protocol, lambda: busy() > 0, self.config.backlog
            )
            self._watching = asyncio.create_task(self._public.watch(self._keep_connections))
            self._watching.add_done_callback(self._end_with)

    async def on_tick(self, counter: int) -> bool:
        if not self.spent and self._share is not None and self.server_state.total_requests >= self._share:
            self.spent = True
            logger.info("This worker has had its share of %d requests", self._share)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        grace: float = SETTINGS["grace"]
        spent = self.spent
        if not spent:
            health.stop()
            # The drain of a release that was replaced has waited already, for longer.
            if not health.drained():
                timer = end_within(grace + _LAST_WORDS + _MARGIN)
                await self._serve_on(grace)
                timer.cancel()
        end_within(grace + 2 * _IDLE + _LAST_WORDS + _MARGIN)
        await self._close(sockets)
        if spent:
            # Another worker serves in its place, so that nobody waits for what is waited for here.
            await self._wait(lambda: not self.server_state.connections and not self.server_state.tasks, grace)
        await self._end_websockets()
        self.config.timeout_graceful_shutdown = int(_LAST_WORDS if spent else grace)
        await super().shutdown(sockets)

    async def _serve_on(self, seconds: float) -> None:
        """Go on serving until what is under way now has ended, in each of the workers, and end what has not by then.

        No other process serves this release: what would be waited for with closed doors, visitors would wait for.
        """
        begun = set(self.server_state.tasks)
        companions, ticks, deadline = Companions(), 0, time.monotonic() + seconds
        while companions.waiting(bool(begun & self.server_state.tasks)) and time.monotonic() < deadline:
            await self.on_tick(ticks)  # which keeps the date of answers
            ticks += 1
            await asyncio.sleep(0.1)
        companions.close()
        await self._end_websockets()
        for task in begun & self.server_state.tasks:
            task.cancel(msg="Task cancelled, graceful_timeout exceeded")

    async def _close(self, sockets: list[socket.socket] | None) -> None:
        """Take no more connections, and lose none: what comes from here on waits in systemd's socket for the next."""
        # Go on serving, but let every answer end its connection; those that are not used are closed by the other side,
        # or without a proxy by us.
        self._keep_connections(False)
        before = self._http()
        await self._wait(lambda: not before & self._http(), _IDLE)
        # Not closed yet: asyncio would lose what it has just accepted.
        if self._public:
            self._watching.cancel()
            await self._public.stop()
        for sock in sockets or []:
            asyncio.get_running_loop().remove_reader(sock.fileno())
        await asyncio.sleep(0.1)
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.1)
        # What was accepted gets its answer. The rest, requests under way and WebSockets, ends later.
        await self._wait(
            lambda: all(one.cycle and not one.cycle.response_complete for one in self._http()), _IDLE + 0.5
        )

    async def _end_websockets(self) -> None:
        """Close what WebSockets there are, by 1012: the service restarts."""
        # One whose handshake is under way would be answered 500.
        await self._wait(lambda: all(_accepted(one) for one in self._websockets()), _LAST_WORDS)
        for one in (closing := self._websockets()):
            one.shutdown()
        await self._wait(lambda: not closing & self._websockets(), _LAST_WORDS)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = bounded(self.config.http_protocol_class)(  # type: ignore[call-arg,arg-type]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    def _keep_connections(self, keep: bool) -> None:
        """Whether a connection stays open after an answer."""
        for headers in (self.config.encoded_headers, self.server_state.default_headers):
            if _CLOSE in headers:
                headers.remove(_CLOSE)
            if not keep:
                headers.append(_CLOSE)
        if SETTINGS["direct"]:
            self._keep_idle(self._kept if keep else _IDLE)

    def _keep_idle(self, seconds: float) -> None:
        """Have connections that are not used closed after so long, those that are idle now as well."""
        loop = asyncio.get_running_loop()
        self.config.timeout_keep_alive = int(seconds)
        for one in self._http():
            one.timeout_keep_alive = seconds
            timer = one.timeout_keep_alive_task
            if timer is not None and timer.when() > loop.time() + seconds:
                timer.cancel()
                one.timeout_keep_alive_task = loop.call_later(seconds, one.timeout_keep_alive_handler)

    def _end_with(self, watching: asyncio.Task[None]) -> None:
        """A server that does not follow the switch any more must not stay."""
        if not watching.cancelled():
            logging.getLogger("asgi.public").critical("cannot serve", exc_info=watching.exception())
            self.should_exit = True

    def _http(self) -> set[Any]:
        return {one for one in self.server_state.connections if hasattr(one, "cycle")}

    def _websockets(self) -> set[Any]:
        return set(self.server_state.connections) - self._http()

    async def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)


def _accepted(websocket: Any) -> bool:
    """Whether the handshake of a WebSocket is over; each of uvicorn's protocols has a name of its own for it."""
    event = getattr(websocket, "handshake_completed_event", None)
    return bool(event.is_set() if event else websocket.handshake_complete)


def end_within(seconds: float) -> threading.Timer:
    """Ends the process after this time, whatever it waits for.

    An application that never comes to its end looks alive to whoever would replace the process.
    """

    def end() -> None:
        logger.critical("The application did not end within %g s", seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer


def options() -> dict[str, Any]:
    """What uvicorn is given: the settings, and a protocol of ours in the place of the one that it would take."""
    given: dict[str, Any] = SETTINGS["uvicorn"]
    if given.get("http", "auto") == "h11" or not importlib.util.find_spec("httptools"):
        return given
    from .answers import Protocol

    return {**given, "http": Protocol}


def notify(text: str) -> None:
    """Tells systemd, where it listens: sd_notify(3)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.sendto(text.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
