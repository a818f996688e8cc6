"""uvicorn's server, with an end that loses no request."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from . import health
from .bounds import bounded
from .ending import Companions
from .public import Public
from .settings import RELEASE, SETTINGS

# Seconds after which an unused connection is closed: by nginx, or without it by this process once it has to end.
_IDLE: float = SETTINGS["idle"]
# Seconds for what has to end: the last messages of a WebSocket, and a request that was cancelled.
_LAST_WORDS = 1.0
_MARGIN = 5.0
# Settings that only some versions of uvicorn have.
_OURS = ("limit_max_requests", "limit_max_requests_jitter", "timeout_worker_healthcheck", "workers")

_CLOSE = (b"connection", b"close")

logger = logging.getLogger("uvicorn.error")


class DrainingServer(Server):
    """A server that closes no connection which is about to be used when it ends; uvicorn's own loses such requests."""

    _public: Public | None = None
    spent = False
    """Whether it has had its share of requests. It serves until it has to end: by then another worker serves."""

    def __init__(self, config: Config, share: int = sys.maxsize) -> None:
        """Take uvicorn's configuration, and the number of requests after which another worker has to serve."""
        super().__init__(config)
        self._share = share
        self._kept = config.timeout_keep_alive

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        # The gate connects to the unix socket, without TLS; all other sockets are for visitors.
        self._visitors = [sock for sock in sockets or [] if sock.family != socket.AF_UNIX]
        await super().serve([sock for sock in sockets or [] if sock.family == socket.AF_UNIX])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Only for nginx's log, which states by it which release answered; visitors do not get it.
        if not SETTINGS["direct"]:
            self.config.encoded_headers.append((b"x-asgi-release", RELEASE.encode()))
        await super().startup(sockets)
        if direct := SETTINGS["direct"]:
            busy = self.server_state.connections.__len__
            self._public = Public(direct, self._visitors, self._protocol, lambda: busy() > 0, self.config.backlog)
            self._watching = asyncio.create_task(self._public.watch(self._keep_connections))
            self._watching.add_done_callback(self._end_with)

    async def on_tick(self, counter: int) -> bool:
        if not self.spent and self.server_state.total_requests >= self._share:
            self.spent = True
            logger.info("This worker has had its share of %d requests", self._share)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        grace: float = SETTINGS["grace"]
        spent = self.spent
        if not spent:
            health.stop()
            # A drain has already waited for a release that was replaced, and for longer.
            if not health.drained():
                timer = end_within(grace + _LAST_WORDS + _MARGIN)
                await self._serve_on(grace)
                timer.cancel()
        end_within(grace + 2 * _IDLE + _LAST_WORDS + _MARGIN)
        await self._close(sockets)
        if spent:
            # Another worker serves in its place, so that no visitor has to wait.
            await self._wait(lambda: not self.server_state.connections and not self.server_state.tasks, grace)
        await self._end_websockets()
        self.config.timeout_graceful_shutdown = int(_LAST_WORDS if spent else grace)
        await super().shutdown(sockets)

    async def _serve_on(self, seconds: float) -> None:
        """Serve until all requests that are under way now have ended, in each of the workers; cancel late ones.

        No other process serves this release: visitors would wait while this one waits without accepting connections.

        Args:
            seconds: how long at most.
        """
        begun = set(self.server_state.tasks)
        companions, ticks, deadline = Companions(), 0, time.monotonic() + seconds
        while companions.waiting(bool(begun & self.server_state.tasks)) and time.monotonic() < deadline:
            await self.on_tick(ticks)  # it updates the date of answers
            ticks += 1
            await asyncio.sleep(0.1)
        companions.close()
        await self._end_websockets()
        for task in begun & self.server_state.tasks:
            task.cancel(msg="Task cancelled, graceful_timeout exceeded")

    async def _close(self, sockets: list[socket.socket] | None) -> None:
        """Stop accepting connections without losing one: new ones wait in systemd's socket for the next process."""
        # Serve, but end every connection with its next answer; unused ones are closed by the other side, or without a
        # proxy by this process.
        self._keep_connections(False)
        before = self._http()
        await self._wait(lambda: not before & self._http(), _IDLE)
        # Sockets are not closed yet: asyncio would lose connections that it has just accepted.
        if self._public:
            self._watching.cancel()
            await self._public.stop()
        for sock in sockets or []:
            asyncio.get_running_loop().remove_reader(sock.fileno())
        await asyncio.sleep(0.1)
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.1)
        # Accepted connections get their answers. Requests under way and WebSockets end later.
        await self._wait(
            lambda: all(each.cycle and not each.cycle.response_complete for each in self._http()), _IDLE + 0.5
        )

    async def _end_websockets(self) -> None:
        """Close all WebSockets by 1012: the service restarts."""
        # A WebSocket whose handshake is under way would be answered 500.
        await self._wait(lambda: all(_accepted(each) for each in self._websockets()), _LAST_WORDS)
        for connection in (closing := self._websockets()):
            connection.shutdown()
        await self._wait(lambda: not closing & self._websockets(), _LAST_WORDS)

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = bounded(self.config.http_protocol_class)(  # type: ignore[call-arg,arg-type]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def _keep_connections(self, keep: bool) -> None:
        """Set whether connections stay open after an answer."""
        for headers in (self.config.encoded_headers, self.server_state.default_headers):
            if _CLOSE in headers:
                headers.remove(_CLOSE)
            if not keep:
                headers.append(_CLOSE)
        if SETTINGS["direct"]:
            self._keep_idle(self._kept if keep else _IDLE)

    def _keep_idle(self, seconds: float) -> None:
        """Set after how many seconds unused connections are closed, also for those that are idle now."""
        loop = asyncio.get_running_loop()
        self.config.timeout_keep_alive = int(seconds)
        for connection in self._http():
            connection.timeout_keep_alive = seconds
            timer = connection.timeout_keep_alive_task
            if timer is not None and timer.when() > loop.time() + seconds:
                timer.cancel()
                connection.timeout_keep_alive_task = loop.call_later(seconds, connection.timeout_keep_alive_handler)

    def _end_with(self, watching: asyncio.Task[None]) -> None:
        """End the server when it does not follow the switch of releases any more."""
        if not watching.cancelled():
            logging.getLogger("asgi.public").critical("cannot serve", exc_info=watching.exception())
            self.should_exit = True

    def _http(self) -> set[Any]:
        return {each for each in self.server_state.connections if hasattr(each, "cycle")}

    def _websockets(self) -> set[Any]:
        return set(self.server_state.connections) - self._http()

    async def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)


def _accepted(websocket: Any) -> bool:
    """Return whether the handshake of a WebSocket is over; each of uvicorn's protocols has another name for it."""
    event = getattr(websocket, "handshake_completed_event", None)
    return bool(event.is_set() if event else websocket.handshake_complete)


def end_within(seconds: float) -> threading.Timer:
    """Start a timer that ends the process, whatever it waits for.

    A supervisor would keep an application that never ends, as it still seems to be alive.

    Args:
        seconds: until the end.
    """

    def end() -> None:
        logger.critical("The application did not end within %g s", seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer


def options() -> dict[str, Any]:
    """Return the options of uvicorn: the settings, and the runtime's protocol instead of uvicorn's default.

    What the runtime does itself, in the same way with each version of uvicorn, is not among them.
    """
    settings = {name: value for name, value in SETTINGS["uvicorn"].items() if name not in _OURS}
    if settings.get("http", "auto") == "h11" or not importlib.util.find_spec("httptools"):
        return settings
    from .answers import Protocol

    return {**settings, "http": Protocol}


def run(serving: Coroutine[Any, Any, None], config: Config) -> None:
    """Run a server until it ends, in the event loop that its configuration names."""
    if hasattr(config, "get_loop_factory"):
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(serving)
        return
    config.setup_event_loop()  # before uvicorn 0.36
    asyncio.run(serving)


def notify(text: str) -> None:
    """Notify systemd, if it listens: sd_notify(3)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(text.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
