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

from uvicorn.server import Server

from . import health
from .bounds import bounded
from .public import Public
from .settings import RELEASE, SETTINGS

# Seconds after which a connection that is not used is closed: by nginx, or without it by us.
_IDLE: float = SETTINGS["idle"]


_CLOSE = (b"connection", b"close")


class DrainingServer(Server):
    """Ends without closing a connection that is about to be used: uvicorn's own end loses such requests."""

    _public: Public | None = None

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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_within(SETTINGS["uvicorn"]["timeout_graceful_shutdown"] + 2 * _IDLE + 5)
        if self.should_exit:  # told to end, and not at the end of its share of requests
            health.stop()
        # Go on serving, but let every answer end its connection; those that are not used are closed by the other side,
        # or without a proxy by us after `keepalive`.
        self._keep_connections(False)
        before = self._http()
        await self._wait(lambda: not before & self._http(), _IDLE)
        # What comes from here on waits in systemd's socket for the next worker. Not closed yet: asyncio would lose
        # what it has just accepted.
        if self._public:
            self._watching.cancel()
            await self._public.stop()
        for sock in sockets or []:
            asyncio.get_running_loop().remove_reader(sock.fileno())
        await asyncio.sleep(0.1)
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.1)
        # What was accepted gets its answer. The rest, requests under way and WebSockets, is uvicorn's to end.
        await self._wait(
            lambda: all(one.cycle and not one.cycle.response_complete for one in self._http()), _IDLE + 0.5
        )
        await super().shutdown(sockets)

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

    def _end_with(self, watching: asyncio.Task[None]) -> None:
        """A server that does not follow the switch any more must not stay."""
        if not watching.cancelled():
            logging.getLogger("asgi.public").critical("cannot serve", exc_info=watching.exception())
            self.should_exit = True

    def _http(self) -> set[Any]:
        return {one for one in self.server_state.connections if hasattr(one, "cycle")}

    async def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)


def end_within(seconds: float) -> None:
    """Ends the process after this time, whatever it waits for.

    An application that never comes to its end looks alive to whoever would replace the process.
    """

    def end() -> None:
        logging.getLogger("uvicorn.error").critical("The application did not end within %g s", seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


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
