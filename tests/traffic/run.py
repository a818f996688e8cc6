"""Send a load, and count what comes of it."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import CloseCode

from .connection import Connection, open_connection, settle
from .exchange import (
    BrokenError,
    Kind,
    Request,
    UnprocessedError,
    get,
    post,
    verify,
    verify_message,
)
from .http1 import Http1
from .http2 import Http2
from .load import Load, tls
from .report import Recorder, Report

Asking = Callable[[Load], Request]


async def run(load: Load, stop: asyncio.Event, under_way: Callable[[], None] = lambda: None) -> Report:
    """Send traffic until asked to stop, at most for the load's seconds; what is in flight then is waited for.

    `under_way` is called once, when every client has had its first outcome.
    """
    modes = [mode for mode in ("get", "new", "post", "http2", "websocket") if getattr(load, mode)]
    traffic = Clients(load, stop, Recorder(modes), under_way)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(load.get):
            tasks.create_task(traffic.ask("get", Http1, [get]))
        for _ in range(load.new):
            tasks.create_task(traffic.ask("new", Http1, [get], keep=False))
        for _ in range(load.post):
            tasks.create_task(traffic.ask("post", Http1, [post]))
        for _ in range(load.http2):
            shared = Shared()
            for number in range(load.streams):
                turns = [get, post] if number % 2 else [post, get]
                tasks.create_task(traffic.ask("http2", Http2, turns, shared=shared))
        for _ in range(load.websocket):
            tasks.create_task(traffic.talk())
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), load.seconds)
        stop.set()
    return traffic.recorder.report()


class Shared:
    """The connection that one client keeps, or that the streams of HTTP/2 share."""

    def __init__(self) -> None:
        """Begin without one."""
        self.connection: Connection | None = None
        self.users = 0
        self.lock = asyncio.Lock()


class Clients:
    """What the clients have in common."""

    def __init__(
        self,
        load: Load,
        stop: asyncio.Event,
        recorder: Recorder,
        under_way: Callable[[], None],
    ) -> None:
        """Prepare."""
        self.load, self.stop, self.recorder = load, stop, recorder
        self._under_way = under_way
        self._heard: set[asyncio.Task[None] | None] = set()

    async def ask(
        self,
        mode: str,
        speaks: type[Connection],
        turns: Sequence[Asking],
        *,
        keep: bool = True,
        shared: Shared | None = None,
    ) -> None:
        """Run one client: ask, check the answer, pause, repeat."""
        shared = shared or Shared()
        shared.users += 1
        for asking in cycle(turns):
            if self.stop.is_set():
                break
            await self._exchange(mode, speaks, asking(self.load), shared)
            if not keep:
                self._close(shared)
            await self._pause()
        shared.users -= 1
        if not shared.users:
            await settle()
            self._close(shared)

    async def talk(self) -> None:
        """Run one WebSocket client."""
        while not self.stop.is_set():
            began = time.perf_counter()
            try:
                async with asyncio.timeout(self.load.timeout):
                    socket = await open_websocket(self.load)
            except (BrokenError, TimeoutError) as error:
                self.recorder.failed("websocket", broken(error), reused=False)
                await self._pause()
                continue
            try:
                await self._converse(socket, until=began + self.load.websocket_seconds)
            except ConnectionClosed as error:
                self.recorder.websocket_closed(error.rcvd.code if error.rcvd else CloseCode.ABNORMAL_CLOSURE)
            else:
                await socket.close(CloseCode.NORMAL_CLOSURE)
                # The server may have closed at the same time.
                if socket.close_code not in (None, CloseCode.NORMAL_CLOSURE):
                    self.recorder.websocket_closed(socket.close_code)
            await self._pause()

    async def _converse(self, socket: ClientConnection, until: float) -> None:
        number = 0
        while time.perf_counter() < until and not self.stop.is_set():
            text, began = f"message {number}", time.perf_counter()
            try:
                async with asyncio.timeout(self.load.timeout):
                    await socket.send(text)
                    reply = await socket.recv()
                seen = verify_message(text, reply)
            except (BrokenError, TimeoutError) as error:
                self.recorder.failed("websocket", broken(error), reused=number > 0)
                return
            self.recorder.ok("websocket", time.perf_counter() - began, seen)
            number += 1
            await self._pause()

    async def _exchange(self, mode: str, speaks: type[Connection], request: Request, shared: Shared) -> None:
        connection: Connection | None = None
        reused = False
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.load.timeout):
                async with shared.lock:
                    await settle()
                    if shared.connection and not shared.connection.usable:
                        self._close(shared)
                    if not shared.connection:
                        shared.connection = await open_connection(speaks, self.load)
                        self.recorder.opened()
                connection = shared.connection
                reused = connection.answered
                answer = await connection.exchange(request)
            seen = verify(request, answer)
        except UnprocessedError:
            self.recorder.unprocessed(mode)
        except (BrokenError, TimeoutError) as error:
            self.recorder.failed(mode, broken(error), reused=reused)
            # The answer to a request that was given up would be taken for that to the next one.
            if isinstance(error, TimeoutError) and connection and speaks is Http1:
                connection.abort()
        else:
            self.recorder.ok(mode, time.perf_counter() - began, seen)

    def _close(self, shared: Shared) -> None:
        if connection := shared.connection:
            if connection.closed_by_server:
                self.recorder.closed(idle=connection.closed_idle)
            if not connection.busy():
                connection.close()
            shared.connection = None

    async def _pause(self) -> None:
        """Wait a little, and note that this client has had an outcome."""
        client = asyncio.current_task()
        if client not in self._heard:
            self._heard.add(client)
            if len(self._heard) == self.load.clients:
                self._under_way()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.load.pause * random.uniform(0.5, 1.5)):
                await self.stop.wait()


async def open_websocket(load: Load) -> ClientConnection:
    """Open a WebSocket, or fail with a BrokenError."""
    where: dict[str, Any] = {"host": load.address, "port": load.port}
    if load.socket:
        where = {"unix": True, "path": load.socket}
    if load.secure:
        where |= {"ssl": tls(load, "http/1.1"), "server_hostname": load.hostname}
    scheme = "wss" if load.secure else "ws"
    try:
        return await connect(
            f"{scheme}://{load.authority}{load.path('/ws')}",
            proxy=None,
            compression=None,
            open_timeout=None,
            close_timeout=load.timeout,
            **where,
        )
    except InvalidStatus as error:
        raise BrokenError(Kind.STATUS, str(error.response.status_code)) from error
    except InvalidHandshake as error:
        causes = {ConnectionResetError: Kind.RESET, EOFError: Kind.CLOSED}
        kinds = [kind for cause, kind in causes.items() if isinstance(error.__cause__, cause)]
        raise BrokenError(kinds[0] if kinds else Kind.PROTOCOL, f"{error}, in the handshake") from error
    except OSError as error:
        raise BrokenError(Kind.CONNECT, f"{type(error).__name__}: {error}") from error


def broken(error: BrokenError | TimeoutError) -> BrokenError:
    """Treat an answer that took too long as any other failure."""
    return error if isinstance(error, BrokenError) else BrokenError(Kind.TIMEOUT, "no answer in time")
