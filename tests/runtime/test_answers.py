"""What of an answer goes out in one write, and that nothing waits which should not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState
from websockets.sync.client import unix_connect

from tests.runtime.conftest import Serve
from tests.runtime.served import PATIENCE, RUNTIME

sys.path.insert(0, str(RUNTIME.parent))

from asgi_deploy_runtime.answers import Protocol

LENGTH = (b"content-length", b"4")
App = Callable[[Any, Any, Any], Awaitable[None]]


class Transport(asyncio.Transport):
    """Notes what is written to it, and when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        self.writes.append(b"closed")

    def is_closing(self) -> bool:
        return b"closed" in self.writes

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def start(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": headers}


def body(data: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def asked(
    app: App, request: bytes = b"GET / HTTP/1.1\r\n\r\n", turns: int = 20, *, leaves: bool = False
) -> list[bytes]:
    """Return what is written when a connection brings this, in some turns of the event loop; the visitor may leave
    then.
    """

    async def connect() -> list[bytes]:
        config = Config(app, lifespan="off", log_config=None)
        transport, protocol = Transport(), Protocol(config, ServerState(), {})
        protocol.connection_made(transport)
        protocol.data_received(request)
        for _ in range(turns):
            await asyncio.sleep(0)
        if leaves:
            transport.close()
            protocol.connection_lost(ConnectionResetError())
            await asyncio.sleep(0.01)
        return list(transport.writes)

    return asyncio.run(connect())


async def at_once(scope: Any, receive: Any, send: Any) -> None:
    await send(start(LENGTH))
    await send(body(b"well"))


def test_head_and_body_go_out_together() -> None:
    (answer,) = asked(at_once)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nwell")


def test_a_large_body_goes_out_with_the_head_too() -> None:
    large = b"x" * 1_000_000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"%d" % len(large))))
        await send(body(large))

    (answer,) = asked(app)
    assert answer.endswith(b"\r\n\r\n" + large)


def test_the_head_does_not_wait_for_a_body_that_comes_later() -> None:
    later = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-type", b"text/event-stream")))
        await later.wait()

    (head,) = asked(app)
    assert head.endswith(b"transfer-encoding: chunked\r\n\r\n")


def test_parts_of_a_stream_go_out_as_they_come() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        for part in (b"one", b"two"):
            await send(body(part, more=True))
        await send(body(b""))

    first, *others = asked(app)
    assert first.endswith(b"\r\n\r\n3\r\none\r\n")
    assert others == [b"3\r\ntwo\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize("request_line", [b"HEAD / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_an_answer_without_a_body(request_line: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"0")))
        await send(body(b""))

    (answer,) = asked(app, request_line)
    assert answer.endswith(b"\r\n\r\n")


def test_answers_to_requests_that_come_together_stay_in_order() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        await asyncio.sleep(0)
        await send(body(scope["path"].encode()))

    sent = b"".join(asked(app, b"".join(b"GET /%03d HTTP/1.1\r\n\r\n" % number for number in range(5)), 100))
    assert [part[-4:] for part in sent.split(b"HTTP/1.1 200 OK")[1:]] == [b"/%03d" % number for number in range(5)]


def test_a_connection_that_ends_after_the_answer_ends_after_all_of_it() -> None:
    answer, end = asked(at_once, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nwell")
    assert end == b"closed"


def test_what_waits_is_sent_when_an_application_fails() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        raise RuntimeError

    head, end = asked(app)
    assert head.endswith(b"\r\n\r\n")
    assert end == b"closed"


def test_nothing_is_sent_to_a_visitor_who_has_gone() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        await asyncio.sleep(1)

    assert asked(app, turns=1, leaves=True) == [b"closed"]


def test_a_body_that_was_asked_for_first_is_asked_for_at_once() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start(LENGTH))
        await send(body(b"well"))

    request = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    assert asked(app, request) == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    first, answer = asked(app, request + b"ab")
    assert (first, answer[-4:]) == (b"HTTP/1.1 100 Continue\r\n\r\n", b"well")


def test_what_is_no_request_is_refused() -> None:
    answer, end = asked(at_once, b"nonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert end == b"closed"


def test_a_websocket_is_left_unchanged(started: Serve) -> None:
    served = started()
    with unix_connect(str(served.path), "ws://localhost/") as connection:
        connection.send("hello")
        # The first is what the application says to the connection itself.
        assert [connection.recv(timeout=PATIENCE) for _ in range(2)] == ["", "hello"]


@pytest.mark.parametrize("http", ["auto", "httptools", "h11"])
def test_the_parser_that_was_asked_for(started: Serve, http: str) -> None:
    protocol = started(settings={"http": http}).get("/").json["protocol"]
    assert protocol == f"uvicorn.protocols.http.{'h11' if http == 'h11' else 'httptools'}_impl"
