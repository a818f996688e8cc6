"""Workers that are replaced after their share of requests, and what is connected to them for long."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, unix_connect

from tests.runtime.conftest import Serve
from tests.runtime.served import KINDS, PATIENCE, Served, ask, until

ASGI = ["gunicorn", "gunicorn-asgi", "uvicorn", "uvicorn-2"]
READINESS = {"readiness": "/ready"}
LONG = 600  # seconds, of which no test waits


def recycling(started: Serve, kind: str, share: int, **options: Any) -> Served:
    settings = {**KINDS[kind].get("settings", {}), "max_requests": share}
    return started(**{**KINDS[kind], "settings": settings, **options})


def served_by(served: Served) -> int:
    process: int = served.get().json["pid"]
    return process


@contextmanager
def websocket(served: Served) -> Iterator[ClientConnection]:
    with unix_connect(str(served.path), "ws://shop/ws", close_timeout=PATIENCE) as connection:
        assert connection.recv(PATIENCE) == ""  # which the application says to an event that is no message
        yield connection


def talks(connection: ClientConnection) -> bool:
    connection.send("still there")
    return connection.recv(PATIENCE) == "still there"


def closed_by(connection: ClientConnection) -> int | None:
    """Return the code of the close that comes from the server."""
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(PATIENCE)
    return closed.value.rcvd.code if closed.value.rcvd else None


def spend(served: Served) -> int:
    """Ask until only another worker answers, and give its process; fail if any request fails."""
    first = served_by(served)

    def replaced() -> set[int]:
        seen = {served_by(served) for _ in range(10)}
        return seen if len(seen) == 1 and first not in seen else set()

    (now,) = until(replaced)
    return int(now)


@pytest.mark.parametrize("kind", KINDS)
def test_another_worker_comes_before_one_goes(started: Serve, kind: str) -> None:
    """No request fails, on connections that are kept either, and there is always a worker that takes the next."""
    workers = int(KINDS[kind].get("workers", 1))
    served = recycling(started, kind, 20)
    failed: list[str] = []
    seen: set[int] = set()
    over = threading.Event()

    def visit() -> None:
        # As nginx: a connection is kept unless an answer ends it, and no longer than nginx keeps one.
        while not over.is_set():
            with closing(served.connect()) as connection:
                while not over.is_set() and connection.sock:
                    try:
                        seen.add(ask(connection, "/").json["pid"])
                    except (OSError, http.client.HTTPException) as error:
                        failed.append(f"{type(error).__name__}: {error}")
                        break

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    try:
        until(lambda: failed or len(seen) >= 3 * workers, 4 * PATIENCE)
    finally:
        over.set()
        for visitor in visitors:
            visitor.join()
    assert not failed, f"{failed}\n{served.log}"


@pytest.mark.parametrize("kind", ASGI)
def test_worker_with_a_websocket_is_replaced_and_keeps_it_until_its_limit(started: Serve, kind: str) -> None:
    served = recycling(started, kind, 5, workers="1", graceful_timeout=LONG)
    with websocket(served) as connection:
        assert talks(connection)
        spend(served)  # the worker of before takes no connection any more, and goes on with this one
        assert talks(connection)
        connection.close()
    until(lambda: len(served.workers()) == 1)


@pytest.mark.parametrize("kind", ASGI)
def test_websocket_of_a_worker_that_was_replaced_is_closed_at_its_limit(started: Serve, kind: str) -> None:
    served = recycling(started, kind, 5, workers="1", graceful_timeout=1)
    with websocket(served) as connection:
        assert talks(connection)
        spend(served)
        assert closed_by(connection) == 1012


@pytest.mark.parametrize("kind", KINDS)
def test_stream_of_a_worker_that_was_replaced_comes_to_its_end(started: Serve, kind: str) -> None:
    served = recycling(started, kind, 5, graceful_timeout=LONG, **({} if kind == "gthread" else {"workers": "2"}))
    with closing(served.connect()) as connection:
        connection.request("GET", "/slow?seconds=6")
        answer = connection.getresponse()
        before = set(served.workers())
        for _ in range(20):
            assert served.get().status == 200
        until(lambda: set(served.workers()) - before)
        assert len(answer.read()) > 1


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn-2"])
def test_never_more_than_twice_the_workers(started: Serve, kind: str) -> None:
    """However many of them still have a visitor connected."""
    served = recycling(started, kind, 3, workers="1", graceful_timeout=LONG)
    with websocket(served) as first:
        assert talks(first)
        second = spend(served)
        with websocket(served) as other:
            assert talks(other)
            # It has had its share as well, and goes on: there is one already that ends.
            until(lambda: {served_by(served) for _ in range(10)} == {second})
            assert len(served.workers()) == 2
            first.close()
            spend(served)
            assert talks(other)


@pytest.mark.parametrize("kind", ASGI)
def test_asked_to_end_it_serves_on_until_what_was_connected_has_gone(started: Serve, kind: str) -> None:
    """No other process serves this release: visitors would wait as long as a WebSocket stays."""
    served = started(**KINDS[kind], graceful_timeout=LONG, health=READINESS)
    with websocket(served) as connection:
        assert talks(connection)
        served.process.send_signal(signal.SIGTERM)
        until(lambda: served.get("/ready").status == 503)
        # For longer than it takes to end where no one is connected.
        assert served.get("/sleep?seconds=4").status == 200
        assert served.get().status == 200
        assert talks(connection)
        connection.close()
    assert served.process.wait(PATIENCE) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("kind", ASGI)
def test_asked_to_end_it_closes_websockets_and_streams_at_their_limit(started: Serve, kind: str) -> None:
    served = started(**KINDS[kind], graceful_timeout=1)
    with websocket(served) as connection, closing(served.connect()) as stream:
        assert talks(connection)
        stream.request("GET", "/slow?seconds=600")
        answer = stream.getresponse()
        served.process.send_signal(signal.SIGTERM)
        assert closed_by(connection) == 1012
        with suppress(http.client.IncompleteRead):
            answer.read()
    assert served.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_workers_wait_for_each_other(started: Serve) -> None:
    """One that has no visitor does not leave all visitors to the one that has."""
    served = started(server="gunicorn", workers="2", graceful_timeout=LONG, health=READINESS)
    until(lambda: len({served_by(served) for _ in range(10)}) == 2)
    with websocket(served) as connection:
        assert talks(connection)
        served.process.send_signal(signal.SIGTERM)
        until(lambda: served.get("/ready").status == 503)
        deadline = time.monotonic() + PATIENCE
        seen: set[int] = set()
        while len(seen) < 2:
            assert time.monotonic() < deadline, served.log
            seen.add(served_by(served))
        connection.close()
    assert served.process.wait(PATIENCE) == 0
