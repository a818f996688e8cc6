"""Limits for visitors without a proxy: the time and the size of a request's head, and pauses in a body.

uvicorn waits for ever for both, and keeps a head of any size in memory. A request other than GET that asks for another
protocol would reach the application without its body, or be treated as a WebSocket that never begins.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

HEAD_SECONDS = 15.0  # from the connection, or from the first byte of another request
BODY_SECONDS = 30.0  # between two parts
HEAD_BYTES = 64 * 1024
_CLOSE = b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large" + _CLOSE
_NO_UPGRADE = b"HTTP/1.1 400 Bad Request" + _CLOSE


@cache
def bounded(protocol: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
    """Return a protocol of uvicorn with these limits."""
    return type("Bounded", (_Bounded, protocol), {})


class _Bounded:
    """The limits, as a base that precedes a protocol of uvicorn."""

    # Attributes of that protocol.
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    connections: set[Any]
    cycle: Any
    flow: Any
    parser: Any  # of httptools
    scope: Any

    _timer: asyncio.TimerHandle | None = None
    _seen: Any = None  # the request whose head came last
    _in_head = False  # as httptools reports; h11 has a limit of its own
    _size = 0
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        self._wait(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, error: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(error)  # type: ignore[misc]

    def on_message_begin(self) -> None:
        self._in_head, self._size = True, 0
        super().on_message_begin()  # type: ignore[misc]

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self.parser.should_upgrade() and self.parser.get_method() not in (b"GET", b"HEAD"):
            self._refuse(_NO_UPGRADE)
        else:
            super().on_headers_complete()  # type: ignore[misc]

    # The parser continues with what it has already; a request that was refused gets no other answer.
    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)  # type: ignore[misc]

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()  # type: ignore[misc]

    def send_400_response(self, msg: str) -> None:
        if not self._refused:
            super().send_400_response(msg)  # type: ignore[misc]

    def _should_upgrade(self) -> bool:
        upgrades: bool = not self._refused and super()._should_upgrade()  # type: ignore[misc]
        return upgrades and self.scope["method"] == "GET"

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        began_in_head = self._in_head
        super().data_received(data)  # type: ignore[misc]
        # Data that comes with the end of a head is mostly body.
        if began_in_head and self._in_head and not self._refused:
            self._size += len(data)
            if self._size > HEAD_BYTES:
                self._refuse(_TOO_LARGE)
        if self._refused or self not in self.connections:  # a WebSocket took over
            self._stop_waiting()
        elif self.cycle is not self._seen or self._under_way():
            self._seen = self.cycle
            self._stop_waiting()
            if self._under_way() and self.cycle.more_body:
                self._wait(BODY_SECONDS, self._body_is_late)
        elif self._timer is None:
            self._wait(HEAD_SECONDS, self._head_is_late)

    def _refuse(self, answer: bytes) -> None:
        self._refused = True
        self.transport.write(answer)
        self.transport.close()

    def _under_way(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _head_is_late(self) -> None:
        self._timer = None
        self.transport.abort()

    def _body_is_late(self) -> None:
        """End the connection, unless the application has paused reading the body."""
        self._timer = None
        if not self._under_way() or not self.cycle.more_body:
            return
        if self.flow.read_paused:
            self._wait(BODY_SECONDS, self._body_is_late)
        else:
            self.transport.abort()

    def _wait(self, seconds: float, end: Any) -> None:
        self._timer = self.loop.call_later(seconds, end)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
