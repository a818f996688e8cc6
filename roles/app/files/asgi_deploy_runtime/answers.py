"""uvicorn's HTTP protocol, with the head of an answer and the beginning of its body in one write.

uvicorn writes them one after the other: two calls into the kernel, and two wake-ups of nginx or two records of TLS.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Bytes: copying a larger part costs more than another call.
_COPIED = 65536


class _Joined:
    """A connection on which the head of an answer waits for its body, until the next turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, protocol: Protocol) -> None:
        self.whole = transport
        self._send = transport.write
        self.is_closing = transport.is_closing
        self.resume_reading = transport.resume_reading
        self._soon = protocol.loop.call_soon
        self._protocol = protocol
        self._begun: Any = None  # the request whose head was the last that waited
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send data with the head that waits, or keep it if it is the head of an answer."""
        if self._head:
            head, self._head = self._head, b""
            if len(data) <= _COPIED:
                self._send(head + data)
            else:
                self.whole.writelines((head, data))
            return
        cycle = self._protocol.cycle
        if cycle is not self._begun and cycle.response_started:
            self._begun, self._head = cycle, data
            self._soon(self.flush)
        else:
            self._send(data)

    def flush(self) -> None:
        """Send the head that waits, if the connection is still open."""
        head, self._head = self._head, b""
        if head and not self.whole.is_closing():
            self.whole.write(head)

    def close(self) -> None:
        """Send the head that waits, and close the connection."""
        self.flush()
        self.whole.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


class Protocol(HttpToolsProtocol):
    """A connection whose answers are written in one piece."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", _Joined(transport, self)))

    def handle_websocket_upgrade(self) -> None:
        self.transport = cast("_Joined", self.transport).whole
        super().handle_websocket_upgrade()
