"""One question to a host over HTTP/3."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class _Client(QuicConnectionProtocol):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.http = H3Connection(self._quic)
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = asyncio.Event()

    def quic_event_received(self, event: Any) -> None:
        for found in self.http.handle_event(event):
            if isinstance(found, HeadersReceived):
                self.headers |= {name.decode(): value.decode() for name, value in found.headers}
            if isinstance(found, DataReceived):
                self.body += found.data
            if isinstance(found, (HeadersReceived, DataReceived)) and found.stream_ended:
                self.ended.set()


def get(name: str, address: str, ca: Path, path: str = "/") -> tuple[dict[str, str], bytes]:
    """GET https://name/path from `address`: the headers of the answer, ``:status`` among them, and its body."""
    return asyncio.run(_get(name, address, ca, path))


async def _get(name: str, address: str, ca: Path, path: str) -> tuple[dict[str, str], bytes]:
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=name)
    configuration.verify_mode = ssl.CERT_REQUIRED
    configuration.load_verify_locations(str(ca))
    async with connect(address, 443, configuration=configuration, create_protocol=_Client) as client:
        assert isinstance(client, _Client)
        stream = client._quic.get_next_available_stream_id()
        asked = {":method": "GET", ":scheme": "https", ":authority": name, ":path": path}
        headers = [(key.encode(), value.encode()) for key, value in asked.items()]
        client.http.send_headers(stream, headers, end_stream=True)
        client.transmit()
        await asyncio.wait_for(client.ended.wait(), 10)
        return client.headers, client.body
