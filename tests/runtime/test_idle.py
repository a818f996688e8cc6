"""WebSockets that are silent stay open, and those of visitors who are gone do not."""

from __future__ import annotations

import base64
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.runtime.conftest import Serve
from tests.runtime.served import KINDS, PATIENCE, Served

ASGI = ["gunicorn", "gunicorn-asgi", "uvicorn", "uvicorn-2"]
PING, PONG, CLOSE = 0x9, 0xA, 0x8
ANSWER_TIME = 20  # seconds that a visitor has


@contextmanager
def websocket(served: Served) -> Iterator[socket.socket]:
    """Open a WebSocket of which each frame is seen; a client of the library would answer pings by itself."""
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(served.path))
        connection.sendall(
            b"GET /ws HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key.encode() + b"\r\n\r\n"
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101")
        yield connection


def frame(connection: socket.socket) -> tuple[int, bytes] | None:
    """Return the kind and the content of the next frame, which is short; None when the connection has ended."""
    head = connection.recv(2)
    if len(head) < 2:
        return None
    return head[0] & 0xF, connection.recv(head[1]) if head[1] else b""


def pong(connection: socket.socket, content: bytes) -> None:
    mask = bytes(4)
    connection.sendall(bytes([0x80 | PONG, 0x80 | len(content)]) + mask + content)


@pytest.mark.parametrize("kind", ASGI)
def test_a_silent_websocket_is_pinged_and_stays_open(started: Serve, kind: str) -> None:
    """nginx ends what is silent for its timeout, 2 seconds here."""
    served = started(**{**KINDS[kind], "site": {"timeout": 2}})
    with websocket(served) as connection:
        pings: list[float] = []
        while len(pings) < 4:
            received = frame(connection)
            assert received, served.log
            if received[0] == PING:
                pings.append(time.monotonic())
                pong(connection, received[1])
    assert all(later - earlier < 2 for earlier, later in zip(pings, pings[1:], strict=False))


def test_a_websocket_without_answers_is_ended(started: Serve) -> None:
    """All at once, as each takes as long."""
    with ExitStack() as stack:
        servers = {kind: started(**{**KINDS[kind], "site": {"timeout": 2}}) for kind in ASGI}
        connections = {kind: stack.enter_context(websocket(served)) for kind, served in servers.items()}
        for kind, connection in connections.items():
            connection.settimeout(2 * ANSWER_TIME)
            while (received := frame(connection)) and received[0] != CLOSE:
                assert received[0] == PING or not received[1], kind
