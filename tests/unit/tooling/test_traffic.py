"""The traffic client sees what servers do wrong: each server here misbehaves in its own way."""

import asyncio
import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived
from websockets.asyncio.server import ServerConnection, serve

from tests.traffic import Load, Report, Traffic, TrafficError
from tests.traffic.__main__ import main, parser
from tests.traffic.connection import open_connection, settle
from tests.traffic.exchange import get
from tests.traffic.http1 import Http1
from tests.traffic.process import arguments
from tests.traffic.report import percentile
from tests.traffic.run import run

NAME = "shop.example.test"

Writer = asyncio.StreamWriter
Behaviour = Callable[[Writer, int, bytes], Awaitable[None]]
"""Answers the nth request of a connection, given its body."""


def answer(body: bytes = b"", status: str = "200 OK", headers: str = "", **also: Any) -> bytes:
    """Answer as the application does."""
    data = {"version": "1.0.0", "release": "r1", "length": len(body), "sha256": sha256(body).hexdigest()}
    text = json.dumps(data | also)
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(text)}\r\n{headers}\r\n{text}".encode()


def reset(writer: Writer) -> None:
    """Close with a RST instead of a FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def well(writer: Writer, _: int, body: bytes) -> None:
    """Answer every request."""
    writer.write(answer(body))


async def close_on_second(writer: Writer, number: int, body: bytes) -> None:
    """Take the second request, and close."""
    if number == 1:
        writer.write(answer(body))
    else:
        writer.close()


async def reset_on_second(writer: Writer, number: int, body: bytes) -> None:
    """Take the second request, and reset."""
    if number == 1:
        writer.write(answer(body))
    else:
        reset(writer)


async def close_at_once(writer: Writer, _: int, __: bytes) -> None:
    """Take the first request, and close."""
    writer.close()


async def cut(writer: Writer, _: int, body: bytes) -> None:
    """Send half an answer."""
    writer.write(answer(body)[:-10])
    writer.close()


async def corrupt(writer: Writer, _: int, body: bytes) -> None:
    """Answer as if another body had arrived."""
    writer.write(answer(body, sha256="0" * 64))


async def html(writer: Writer, _: int, __: bytes) -> None:
    """Answer as a welcome page does."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nwelcome")


async def bad_gateway(writer: Writer, _: int, body: bytes) -> None:
    """Answer as a proxy without its application."""
    writer.write(answer(body, "502 Bad Gateway"))


async def never(_: Writer, __: int, ___: bytes) -> None:
    """Leave the request without an answer."""


async def nonsense(writer: Writer, _: int, __: bytes) -> None:
    """Answer with what is no HTTP."""
    writer.write(b"SSH-2.0-OpenSSH_10.0\r\n\r\n")


MOMENT = 0.002  # seconds until an idle connection is closed


async def close_when_idle(writer: Writer, _: int, body: bytes) -> None:
    """Close a moment after the answer, while no request is under way."""
    writer.write(answer(body))
    await asyncio.sleep(MOMENT)
    writer.close()


async def reset_when_idle(writer: Writer, _: int, body: bytes) -> None:
    """Reset a moment after the answer, while no request is under way."""
    writer.write(answer(body))
    await asyncio.sleep(MOMENT)
    reset(writer)


async def time_out_when_idle(writer: Writer, _: int, body: bytes) -> None:
    """Say a moment after the answer that no request came in time, and close."""
    writer.write(answer(body))
    await asyncio.sleep(0.002)
    writer.write(answer(status="408 Request Timeout"))
    writer.close()


async def announce_close(writer: Writer, _: int, body: bytes) -> None:
    """Answer, and say that this was the last one."""
    writer.write(answer(body, headers="connection: close\r\n"))
    writer.close()


@asynccontextmanager
async def listening(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on a port of loopback."""

    async def handle(reader: asyncio.StreamReader, writer: Writer) -> None:
        number = 0
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                number += 1
                _, _, length = head.lower().partition(b"content-length: ")
                body = await reader.readexactly(int(length.split()[0]) if length else 0)
                await behaviour(writer, number, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def send(behaviour: Behaviour, **options: Any) -> Report:
    """Send a short load to a server that behaves so."""

    async def both() -> Report:
        async with listening(behaviour) as port:
            defaults: dict[str, Any] = {"url": f"http://127.0.0.1:{port}", "seconds": 0.15, "pause": 0.005}
            return await run(Load(**defaults | options), asyncio.Event())

    return asyncio.run(both())


def test_counts_every_right_answer() -> None:
    report = send(well, get=2, new=1, post=2, body_bytes=100_000, seconds=1)
    assert not report.failures, report
    assert report.requests == report.ok == sum(mode.ok for mode in report.modes.values()) > 20
    assert set(report.modes) == {"get", "new", "post"}
    assert report.connections_opened == 4 + report.modes["new"].ok
    assert report.connections_closed == 0
    [release] = report.releases
    assert (release.version, release.release, release.answers) == ("1.0.0", "r1", report.ok)
    assert 0 < report.modes["get"].p50 <= report.modes["get"].p99 <= report.modes["get"].max <= report.seconds


@pytest.mark.parametrize(
    ("behaviour", "what", "detail"),
    [
        (close_at_once, "closed", "before the answer"),
        (cut, "closed", "within the answer 200"),
        (corrupt, "body", "checksum"),
        (html, "body", "welcome"),
        (bad_gateway, "status 502", "502"),
        (never, "timeout", "no answer in time"),
        (nonsense, "protocol", "illegal"),
    ],
)
def test_sees_a_failure(behaviour: Behaviour, what: str, detail: str) -> None:
    report = send(behaviour, post=1, **({"timeout": 0.1} if behaviour is never else {}))
    assert report.failures == report.requests > 0, report
    assert report.failures_by == {what: report.failures}
    assert detail in report.details[0].detail
    assert not report.details[0].reused
    assert what in str(report)


@pytest.mark.parametrize(("behaviour", "what"), [(close_on_second, "closed"), (reset_on_second, "reset")])
def test_sees_a_failure_on_a_reused_connection_and_does_not_retry(behaviour: Behaviour, what: str) -> None:
    report = send(behaviour, get=1)
    assert report.failures == report.failures_reused == report.failures_by[what], report
    assert report.connections_closed == report.failures
    assert report.connections_closed_idle == 0
    # One right answer, one failure, and so on: a retry would show as two right answers in a row.
    assert abs(report.ok - report.failures) <= 1


@pytest.mark.parametrize("behaviour", [close_when_idle, reset_when_idle, time_out_when_idle])
def test_an_idle_connection_may_be_closed(behaviour: Behaviour) -> None:
    report = send(behaviour, get=1, pause=0.1, seconds=1)
    assert not report.failures, report
    assert report.connections_closed == report.connections_closed_idle > 2


def test_an_announced_close_is_counted_and_harmless() -> None:
    report = send(announce_close, post=1, seconds=1)
    assert not report.failures, report
    assert report.connections_closed == report.ok > 2


def test_a_refused_connection_is_a_failure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        report = send(well, url=url, get=1, websocket=1)
    assert report.failures == report.failures_by["connect"] == report.failures_fresh, report
    assert report.modes["get"].failures
    assert report.modes["websocket"].failures
    assert report.ok == report.connections_opened == 0


@pytest.mark.parametrize(
    ("behaviour", "what"),
    [(bad_gateway, "status 502"), (close_at_once, "closed"), (never, "timeout"), (well, "status 200")],
)
def test_a_websocket_that_does_not_open_is_a_failure(behaviour: Behaviour, what: str) -> None:
    report = send(behaviour, websocket=1, **({"timeout": 0.1} if behaviour is never else {}))
    assert report.failures == report.failures_by[what] > 0, report


async def echo(socket: ServerConnection) -> None:
    """Echo as the application does."""
    async for text in socket:
        await socket.send(json.dumps({"echo": text, "version": "1.0.0", "release": "r1"}))


async def echo_once(socket: ServerConnection) -> None:
    """Close after the first echo, as a server that restarts."""
    text = await socket.recv()
    await socket.send(json.dumps({"echo": text, "version": "1.0.0", "release": "r1"}))
    await socket.close(1012)


async def echo_and_vanish(socket: ServerConnection) -> None:
    """End without a closing handshake, as a server that is killed."""
    await socket.recv()
    socket.transport.abort()


@pytest.mark.parametrize(("handler", "code"), [(echo, None), (echo_once, 1012), (echo_and_vanish, 1006)])
def test_websockets_that_the_server_closes(
    handler: Callable[[ServerConnection], Awaitable[None]], code: int | None
) -> None:
    async def both() -> Report:
        async with serve(handler, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            url = f"http://127.0.0.1:{port}"
            return await run(
                Load(url=url, seconds=0.3, websocket=2, websocket_seconds=0.1, pause=0.005), asyncio.Event()
            )

    report = asyncio.run(both())
    assert not report.failures, report
    assert set(report.websocket_codes) == ({code} if code else set())
    assert report.websocket_closed == sum(report.websocket_codes.values())
    assert bool(report.websocket_closed) is (code is not None)


def http2_server(last: int, left: asyncio.Event) -> type[asyncio.Protocol]:
    """Return a server that sends GOAWAY after one request past `last`, answers `last`, and ignores later ones.

    So does nginx at its keepalive_requests, and when it reloads. `left` is set when such a connection has ended.
    """

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport
            self.http = H2Connection(H2Configuration(client_side=False))
            self.http.initiate_connection()
            self.leaving = False
            transport.write(self.http.data_to_send())

        def data_received(self, data: bytes) -> None:
            for event in self.http.receive_data(data):
                if isinstance(event, RequestReceived) and event.stream_id:
                    self.requested(event.stream_id)
            self.transport.write(self.http.data_to_send())

        def requested(self, stream: int) -> None:
            body = json.dumps({"version": "1.0.0", "release": "r2"}).encode()
            if stream < last:
                self.http.send_headers(stream, [(":status", "200")])
                self.http.send_data(stream, body, end_stream=True)
                return
            if stream > last and not self.leaving:
                self.leaving = True
                self.leave(body)

        def leave(self, body: bytes) -> None:
            # By hand, as h2 would not let an answer follow GOAWAY.
            self.frame(7, 0, 0, struct.pack(">II", last, ErrorCodes.NO_ERROR))
            self.frame(1, 4, last, b"\x88")  # :status 200
            self.frame(0, 1, last, body)
            asyncio.get_running_loop().call_later(0.01, self.transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.leaving:
                left.set()

        def frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
            self.transport.write(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]))
            self.transport.write(struct.pack(">I", stream) + payload)

    return Server


def test_http2_goaway_loses_nothing_and_hides_nothing() -> None:
    async def both() -> Report:
        left = asyncio.Event()
        server = await asyncio.get_running_loop().create_server(http2_server(21, left), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        load = Load(url=url, seconds=60, http2=1, streams=2, pause=0.002, body_bytes=1, get_path="/version")
        return await run(load, left)

    report = asyncio.run(both())
    # This server knows nothing of checksums: POST fails by its body, GET is right, also after GOAWAY.
    assert set(report.failures_by) == {"body"}, report
    assert report.unprocessed >= 1
    assert report.requests == report.ok + report.failures + report.unprocessed
    assert report.connections_closed >= 1


def test_http2_sees_a_closed_connection() -> None:
    async def close(reader: asyncio.StreamReader, writer: Writer) -> None:
        await reader.read(1000)
        writer.close()

    async def both() -> Report:
        server = await asyncio.start_server(close, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return await run(Load(url=url, seconds=0.1, http2=1), asyncio.Event())

    report = asyncio.run(both())
    assert report.failures == report.requests > 0, report
    assert set(report.failures_by) <= {"closed", "reset"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate for NAME that is its own authority, with its key next to it."""
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    key = path.with_suffix(".key")
    words = (
        f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {key} -out {path}"
        f" -subj /CN={NAME} -addext subjectAltName=DNS:{NAME} -addext keyUsage=digitalSignature,keyCertSign"
    )
    subprocess.run(
        ["openssl", *words.split()],
        check=True,
        capture_output=True,
    )
    return path


def server_tls(certificate: Path) -> ssl.SSLContext:
    """Speak TLS as the server NAME."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


@pytest.mark.parametrize(
    ("name", "trusted", "what"),
    [(NAME, True, None), (NAME, False, "connect"), ("another.example.test", True, "connect")],
)
def test_tls_is_verified(certificate: Path, name: str, *, trusted: bool, what: str | None) -> None:
    async def both() -> Report:
        async with listening(well, server_tls(certificate)) as port:
            url, ca = f"https://{name}:{port}", str(certificate) if trusted else None
            load = Load(url=url, connect="127.0.0.1", ca=ca, seconds=0.2, get=1, new=1, post=1)
            return await run(load, asyncio.Event())

    report = asyncio.run(both())
    assert report.failures_by == ({what: report.requests} if what else {}), report
    assert bool(report.ok) is (what is None)


def test_http2_is_not_replaced_by_http1(certificate: Path) -> None:
    async def both() -> Report:
        async with listening(well, server_tls(certificate)) as port:
            url = f"https://{NAME}:{port}"
            load = Load(url=url, connect="127.0.0.1", ca=str(certificate), seconds=0.1, http2=1, streams=1)
            return await run(load, asyncio.Event())

    report = asyncio.run(both())
    assert report.failures_by == {"protocol": report.requests}, report


@contextmanager
def background(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve from a thread, so that the server goes on while this one waits."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), list[int]()

    async def serve_until_stopped() -> None:
        async with listening(behaviour, tls) as port:
            ports.append(port)
            ready.set()
            await stop.wait()

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve_until_stopped(),), daemon=True)
    thread.start()
    try:
        ready.wait(5)
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


@pytest.mark.parametrize("behaviour", [close_when_idle, reset_when_idle])
@pytest.mark.parametrize("secure", [False, True])
def test_a_close_is_noticed_although_the_client_was_busy(
    behaviour: Behaviour, certificate: Path, monkeypatch: pytest.MonkeyPatch, *, secure: bool
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "MOMENT", 0.4)  # longer than a busy machine takes for the answer

    async def ask_and_be_busy(load: Load) -> tuple[bool, ...]:
        connection = await open_connection(Http1, load)
        await connection.exchange(get(load))
        time.sleep(2 * MOMENT)
        before = connection.usable
        await settle()
        return before, connection.usable, connection.closed_by_server, connection.closed_idle

    with background(behaviour, server_tls(certificate) if secure else None) as url:
        there = f"{'https' if secure else 'http'}://{NAME}:{url.rpartition(':')[2]}"
        load = Load(url=there, connect="127.0.0.1", ca=str(certificate), get=1)
        assert asyncio.run(ask_and_be_busy(load)) == (True, False, True, True)


def test_traffic_runs_while_the_block_does() -> None:
    release = "r1"

    async def answers(writer: Writer, _: int, body: bytes) -> None:
        writer.write(answer(body, release=release))

    with background(answers) as url, Traffic(url, get=2, post=1, seconds=20) as traffic:
        release = "r2"
        time.sleep(0.3)
    report = traffic.report
    assert not report.failures, report
    first, second = report.releases
    assert (first.release, second.release) == ("r1", "r2")
    assert first.last_seen <= second.first_seen + 0.5
    assert report.seconds < 20  # it ends with the block
    assert Report.from_json(json.loads(json.dumps(report.as_json()))) == report


def test_a_block_that_outlasts_the_traffic_proves_nothing() -> None:
    late = pytest.raises(TrafficError, match="the traffic only")
    with background(well) as url, late, Traffic(url, get=1, seconds=0.5):
        time.sleep(0.6)


def test_a_failing_block_keeps_its_error_and_reports_the_traffic() -> None:
    broken = pytest.raises(RuntimeError, match="no deployment")
    with background(well) as url, broken as failed, Traffic(url, get=1, seconds=20):
        raise RuntimeError("no deployment")
    assert "0 failed" in failed.value.__notes__[0]


def test_the_command_line_has_every_option_of_a_load() -> None:
    load = Load(url="https://shop.example.test/base/", connect="198.18.0.11", get=3, pause=0.5, body_bytes=9)
    options = vars(parser().parse_args(arguments(load)))
    assert Load(**{name: options[name] for name in options if name not in ("json", "until_eof")}) == load
    assert load.path("/ws") == "/base/ws"


@pytest.mark.parametrize(
    "wrong", [[], ["--get=-1", "--post=1"], ["--get=1", "--url=ftp://x"], ["--get=1", "--seconds=0"]]
)
def test_the_command_line_refuses_what_makes_no_sense(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--url=http://localhost", *wrong])


def test_percentiles() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert [percentile(hundred, share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert percentile([7.0], 0.5) == 7
    assert percentile([], 0.99) == 0
