"""What connections of HTTP/1.1 and HTTP/2 have in common."""

import asyncio
from abc import ABC, abstractmethod
from functools import partial
from typing import Any, TypeVar, cast

from .exchange import Answer, BrokenError, Kind, Request
from .load import Load, tls

C = TypeVar("C", bound="Connection")


class Connection(asyncio.Protocol, ABC):
    """A connection that never retries, and knows when the server closed it.

    Requests are small, so what is written goes straight to the transport, without waiting for room in it.
    """

    alpn: str

    def __init__(self, authority: str) -> None:
        """Prepare; `open_connection` connects."""
        self.authority = authority
        self.answered = False
        """Whether an answer came: the next request reuses the connection."""
        self.usable = True
        """Whether another request may be sent."""
        self.closed_by_server = False
        self.closed_idle = False
        """Whether the server closed it with no request under way."""
        self._transport: asyncio.Transport

    @abstractmethod
    async def exchange(self, request: Request) -> Answer:
        """Send a request and wait for its answer; the first byte is written before anything is awaited."""

    @abstractmethod
    def busy(self) -> bool:
        """Return whether a request is under way."""

    @abstractmethod
    def lost(self, error: BrokenError) -> None:
        """End what is under way: the connection has gone."""

    def close(self) -> None:
        """Close it from this side."""
        self.usable = False
        self._transport.close()

    def abort(self) -> None:
        """Close it without waiting for anything."""
        self.usable = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def eof_received(self) -> None:
        """Note that the server closes."""
        self._ended(Kind.CLOSED, "the server closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection has gone, for whatever reason."""
        if exc:
            self._ended(Kind.RESET, f"{type(exc).__name__}: {exc}")
        else:
            self._ended(Kind.CLOSED, "the connection was closed")

    def retire(self) -> None:
        """Note that the server wants no further request on this connection."""
        if self.usable:
            self.usable, self.closed_by_server = False, True

    def _ended(self, kind: Kind, detail: str) -> None:
        # Closing is no surprise where it was announced, or where this side did it.
        if self.usable:
            self.closed_idle = not self.busy()
        self.retire()
        self.lost(BrokenError(kind, detail))


async def open_connection(speaks: type[C], load: Load) -> C:
    """Connect, or fail with a BrokenError."""
    loop = asyncio.get_running_loop()
    protocol = partial(speaks, load.authority)
    options: dict[str, Any] = {}
    if load.secure:
        options = {"ssl": tls(load, speaks.alpn), "server_hostname": load.hostname}
    try:
        if load.socket:
            transport, connection = await loop.create_unix_connection(protocol, load.socket, **options)
        else:
            transport, connection = await loop.create_connection(protocol, load.address, load.port, **options)
    except OSError as error:
        raise BrokenError(Kind.CONNECT, f"{type(error).__name__}: {error}") from error
    # A server that does not know HTTP/2 would answer in HTTP/1.1: not what a test of HTTP/2 means to see.
    agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol() if load.secure else None
    if load.secure and speaks.alpn == "h2" and agreed != "h2":
        connection.abort()
        raise BrokenError(Kind.PROTOCOL, "the server does not speak HTTP/2")
    return connection


async def settle() -> None:
    """Process what has arrived, so that a close is noticed before the next request is written.

    One turn of the loop polls the sockets, the next reads them; a reset takes one more, or two through TLS.
    """
    for _ in range(4):
        await asyncio.sleep(0)
