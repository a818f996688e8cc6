"""A client of HTTP/2 that asks for more than others do, and one that cancels what it has just asked for."""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, StreamEnded
from h2.exceptions import ProtocolError

BATCH = 100  # streams in one write


@dataclass
class Resets:
    """What came of it: the streams that were sent, the connections that took, and those that the host ended."""

    streams: int = 0
    connections: int = 0
    ended_by_host: int = 0


def answered(name: str, address: str, ca: Path, path: str, count: int) -> int:
    """Ask for a path so often on one connection; return how many answers came before the host ended it, or all."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2"])
    http = H2Connection(H2Configuration(client_side=True))
    headers = [(":method", "GET"), (":scheme", "https"), (":authority", name), (":path", path)]
    with (
        socket.create_connection((address, 443), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        http.initiate_connection()
        asked = ended = 0
        while ended < count:
            while asked < count and asked - ended < BATCH:
                http.send_headers(http.get_next_available_stream_id(), headers, end_stream=True)
                asked += 1
            connection.sendall(http.data_to_send())
            try:
                events = http.receive_data(part := connection.recv(65536))
            except ProtocolError:  # of what still comes after the last answer
                break
            for event in events:
                if isinstance(event, DataReceived):
                    http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
            ended += sum(isinstance(event, StreamEnded) for event in events)
            if not part or any(isinstance(event, ConnectionTerminated) for event in events):
                break
    return ended


def reset(name: str, address: str, ca: Path, path: str, count: int, *, port: int = 443) -> Resets:
    """Ask for a path so often, each question followed by its cancellation, by new connections where one is ended."""
    result = Resets()
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2"])
    while result.streams < count:
        result.connections += 1
        with (
            socket.create_connection((address, port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=name) as connection,
        ):
            result.ended_by_host += _until_ended(connection, name, path, count, result)
    return result


def _until_ended(connection: ssl.SSLSocket, name: str, path: str, count: int, found: Resets) -> bool:
    """Send what is left to send; return whether the host ended the connection before."""
    http = H2Connection(H2Configuration(client_side=True))
    http.initiate_connection()
    headers = [(":method", "GET"), (":scheme", "https"), (":authority", name), (":path", path)]
    with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
        while found.streams < count:
            for _ in range(min(BATCH, count - found.streams)):
                stream = http.get_next_available_stream_id()
                http.send_headers(stream, headers, end_stream=True)
                http.reset_stream(stream, ErrorCodes.CANCEL)
                found.streams += 1
            connection.sendall(http.data_to_send())
            if _ended(connection, http):
                return True
        http.ping(b"are here")  # answered when all before it has been read
        connection.sendall(http.data_to_send())
        while part := connection.recv(65536):
            if b"are here" in part:
                return False
    return True


def _ended(connection: ssl.SSLSocket, http: H2Connection) -> bool:
    """Read what has come, without waiting; return whether that was the end."""
    connection.setblocking(False)
    try:
        while part := connection.recv(65536):
            with contextlib.suppress(ProtocolError):  # of answers to streams that were cancelled
                if any(isinstance(event, ConnectionTerminated) for event in http.receive_data(part)):
                    return True
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    finally:
        connection.settimeout(10)
    return True
