"""Questions to a host over HTTP/3, on one connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamReset

CANCELLED = 0x10C  # H3_REQUEST_CANCELLED
BATCH = 20  # streams in one flight
SECONDS = 20  # in which all of them are answered


@dataclass(frozen=True)
class Question:
    """A request."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Answer:
    """What came back: headers, ``:status`` among them, and the body."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False

    @property
    def status(self) -> int:
        """Return the status, 0 for none."""
        return int(self.headers.get(":status", 0))


class _Client(QuicConnectionProtocol):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.http = H3Connection(self._quic)
        self.answers: dict[int, Answer] = {}
        self.changed = asyncio.Event()
        self.terminated = False

    def quic_event_received(self, event: Any) -> None:
        if isinstance(event, ConnectionTerminated):
            self.terminated = True
        if isinstance(event, StreamReset):
            self.answers.setdefault(event.stream_id, Answer()).ended = True
        for result in self.http.handle_event(event):
            if isinstance(result, (HeadersReceived, DataReceived)):
                answer = self.answers.setdefault(result.stream_id, Answer())
                if isinstance(result, HeadersReceived):
                    answer.headers |= {name.decode(): value.decode() for name, value in result.headers}
                else:
                    answer.body += result.data
                answer.ended = answer.ended or result.stream_ended
        self.changed.set()

    def send(self, authority: str, question: Question) -> int:
        """Send a request; return the number of its stream."""
        stream = self._quic.get_next_available_stream_id()
        asked = {":method": question.method, ":scheme": "https", ":authority": authority, ":path": question.path}
        headers = [(key.encode(), value.encode()) for key, value in {**asked, **question.headers}.items()]
        self.http.send_headers(stream, headers, end_stream=not question.body)
        if question.body:
            self.http.send_data(stream, question.body, end_stream=True)
        self.answers.setdefault(stream, Answer())
        return stream

    async def ended(self, streams: Sequence[int]) -> None:
        """Wait until these are answered, or the connection has ended."""
        while not (self.terminated or all(self.answers[stream].ended for stream in streams)):
            self.changed.clear()
            await self.changed.wait()


def get(name: str, address: str, ca: Path, path: str = "/") -> tuple[dict[str, str], bytes]:
    """Send a GET request for https://name/path to `address`, and return the answer's headers, with ``:status``, and
    its body.
    """
    answer = ask(name, address, ca, [Question(path)])[0]
    return answer.headers, answer.body


def ask(
    name: str, address: str, ca: Path, questions: Sequence[Question], *, authority: str = "", port: int = 443
) -> list[Answer]:
    """Ask one after the other on one connection, by another authority than the handshake's if one is given."""
    return asyncio.run(_ask(name, address, ca, questions, authority or name, port))


async def _ask(
    name: str, address: str, ca: Path, questions: Sequence[Question], authority: str, port: int
) -> list[Answer]:
    async with connect(address, port, configuration=_configuration(name, ca), create_protocol=_Client) as client:
        assert isinstance(client, _Client)
        result = []
        for question in questions:
            stream = client.send(authority, question)
            client.transmit()
            await asyncio.wait_for(client.ended([stream]), SECONDS)
            result.append(client.answers[stream])
        return result


def reset(name: str, address: str, ca: Path, path: str, count: int, *, port: int = 443) -> int:
    """Ask for a path so often, and cancel each question at once; return how many the host took before it hung up."""
    return asyncio.run(_reset(name, address, ca, path, count, port))


async def _reset(name: str, address: str, ca: Path, path: str, count: int, port: int) -> int:
    async with connect(address, port, configuration=_configuration(name, ca), create_protocol=_Client) as client:
        assert isinstance(client, _Client)
        sent = 0
        while sent < count and not client.terminated:
            streams = [client.send(name, Question(path)) for _ in range(BATCH)]
            client.transmit()  # a stream that is reset before sends nothing of what it asks for
            for stream in streams:
                client._quic.reset_stream(stream, CANCELLED)
                client._quic.stop_stream(stream, CANCELLED)
            sent += BATCH
            client.transmit()
            if not client.terminated:
                await asyncio.wait_for(client.ping(), SECONDS)
        return sent


def _configuration(name: str, ca: Path) -> QuicConfiguration:
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=name)
    configuration.verify_mode = ssl.CERT_REQUIRED
    configuration.load_verify_locations(str(ca))
    return configuration
