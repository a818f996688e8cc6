"""What a visitor may take without a proxy in front, and that uvicorn by itself lets it take all."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from tests.runtime.served import RUNTIME

sys.path.insert(0, str(RUNTIME.parent))

from asgi_deploy_runtime import bounds
from asgi_deploy_runtime.answers import Protocol

SHORT = 0.2  # in the place of the bounds' seconds
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PARSERS = pytest.mark.parametrize("protocol", [Protocol, H11Protocol])
# What never comes to its end, after what is sent before it.
UNENDING = {
    "nothing": (b"", b""),
    "a head": (b"", b"GET / HTTP/1.1\r\nX-A: a"),
    "a second head": (GET, b"GET / HTTP/1.1\r\nX-A: a"),
    "a body": (b"", b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"),
}
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "HEAD_SECONDS", SHORT)
    monkeypatch.setattr(bounds, "BODY_SECONDS", SHORT)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read all of a body at /read, count it at /count, and take long at /slow."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(4 * SHORT)
        await send({"type": "websocket.send", "text": "still here"})
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(4 * SHORT)
    size, more = 0, scope["path"] in ("/read", "/count")
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    answer = f"{size}!".encode() if scope["path"] == "/count" else b"ok"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": answer})


def talk(folder: Path, protocol: Any, what: Talk, *, bound: bool) -> Any:
    """Return the result of a conversation with a server of this protocol."""

    async def main() -> Any:
        config = Config(app, log_config=None, timeout_keep_alive=60)
        config.load()
        made: Any = bounds.bounded(protocol) if bound else protocol
        state = ServerState()
        server = await asyncio.get_running_loop().create_unix_server(
            lambda: made(config=config, server_state=state, app_state={}), str(folder / "sock")
        )
        async with server:
            reader, writer = await asyncio.open_unix_connection(str(folder / "sock"))
            try:
                return await what(reader, writer)
            finally:
                writer.transport.abort()

    return asyncio.run(main())


async def ended(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Return whether the other side ends the connection within this time."""
    try:
        return await asyncio.wait_for(reader.read(1), seconds) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def waits(name: str, seconds: float) -> Talk:
    async def what(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        before, rest = UNENDING[name]
        writer.write(before)
        if before:
            await reader.readuntil(b"ok")
        writer.write(rest)
        return await ended(reader, seconds)

    return what


@PARSERS
@pytest.mark.parametrize("name", UNENDING)
def test_what_never_ends_is_ended(tmp_path: Path, protocol: Any, name: str) -> None:
    assert talk(tmp_path, protocol, waits(name, 60), bound=True)


@PARSERS
@pytest.mark.parametrize("name", UNENDING)
def test_uvicorn_waits_for_ever(tmp_path: Path, protocol: Any, name: str) -> None:
    assert not talk(tmp_path, protocol, waits(name, 3 * SHORT), bound=False)


async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    for _ in range(64):
        writer.write(b"X-A: " + b"a" * 8000 + b"\r\n")
        try:
            await writer.drain()
        except ConnectionError:
            break
    writer.write(b"\r\n")
    try:
        return await asyncio.wait_for(reader.read(12), 60)
    except ConnectionError:  # the answer was there before all was sent
        return b"HTTP/1.1 431"


def test_a_head_has_a_size(tmp_path: Path) -> None:
    assert talk(tmp_path, Protocol, large, bound=True) == b"HTTP/1.1 431"


def test_a_large_body_with_the_end_of_a_head_is_no_head(tmp_path: Path) -> None:
    async def what(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n")
        await writer.drain()
        await asyncio.sleep(SHORT / 10)
        writer.write(b"X-A: a\r\n\r\n" + b"a" * 200_000)
        return await asyncio.wait_for(reader.readuntil(b"ok"), 60)

    assert talk(tmp_path, Protocol, what, bound=True).startswith(b"HTTP/1.1 200")


def test_uvicorn_takes_a_head_of_any_size(tmp_path: Path) -> None:
    assert talk(tmp_path, Protocol, large, bound=False) == b"HTTP/1.1 200"


def upgrades(name: str) -> Talk:
    """Return the whole answer to a POST that asks for another protocol, until nothing comes for a while."""

    async def what(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        lines = ("POST /count HTTP/1.1", "Host: x", "Connection: upgrade", f"Upgrade: {name}", "Content-Length: 4")
        writer.write("\r\n".join((*lines, "", "body")).encode())
        result = b""
        with suppress(TimeoutError):
            while part := await asyncio.wait_for(reader.read(1024), 4 * SHORT):
                result += part
        return result

    return what


@PARSERS
@pytest.mark.parametrize("name", ["h2c", "websocket", "h2c, websocket"])
def test_an_upgrade_takes_no_body_away(tmp_path: Path, protocol: Any, name: str) -> None:
    answer = talk(tmp_path, protocol, upgrades(name), bound=True)
    assert answer.startswith(b"HTTP/1.1 400") or b"\r\n\r\n4!" in answer, answer
    assert answer.count(b"HTTP/1.1") <= 1, "it is answered once"


@pytest.mark.parametrize(("name", "answer"), [("h2c", b"0!"), ("websocket", b"")])
def test_uvicorn_lets_it(tmp_path: Path, name: str, answer: bytes) -> None:
    """The application finds no body, or the connection is held for nothing."""
    assert talk(tmp_path, Protocol, upgrades(name), bound=False)[-2:] == answer


@PARSERS
def test_an_application_may_take_its_time(tmp_path: Path, protocol: Any) -> None:
    async def what(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        return await asyncio.wait_for(reader.readuntil(b"ok"), 60)

    assert talk(tmp_path, protocol, what, bound=True).startswith(b"HTTP/1.1 200")


@PARSERS
def test_connections_are_used_again_and_body_may_come_in_parts(tmp_path: Path, protocol: Any) -> None:
    async def what(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        answers = 0
        for _ in range(3):
            writer.write(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
            for part in (b"a", b"b", b"cd"):
                await asyncio.sleep(SHORT / 10)
                writer.write(part)
            await asyncio.wait_for(reader.readuntil(b"ok"), 60)
            answers += 1
        return answers

    assert talk(tmp_path, protocol, what, bound=True) == 3


@PARSERS
def test_a_websocket_may_be_silent(tmp_path: Path, protocol: Any) -> None:
    async def what(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        lines = ("GET / HTTP/1.1", "Host: x", "Connection: upgrade", "Upgrade: websocket")
        more = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "")
        writer.write("\r\n".join((*lines, *more)).encode())
        return await asyncio.wait_for(reader.readuntil(b"still here"), 60)

    assert talk(tmp_path, protocol, what, bound=True).startswith(b"HTTP/1.1 101")
