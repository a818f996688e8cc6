"""An application that answers without end holds no one up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.probe import Probe

GATE = Gate("/ready", ["2xx"], timeout=5, successes=1, host="shop.example.com", workers=1)
Answer = Callable[[socket.socket], None]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Answer], str]]:
    """Start a server that answers its first question so, and return its socket."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "app.sock"))
    listener.listen()

    def started(answer: Answer) -> str:
        def run() -> None:
            connection, _address = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                answer(connection)

        threading.Thread(target=run, daemon=True).start()
        return str(tmp_path / "app.sock")

    yield started
    listener.close()


def again_and_again(text: bytes, pause: float) -> Answer:
    def answer(connection: socket.socket) -> None:
        for _ in range(10_000):
            connection.sendall(text)
            time.sleep(pause)

    return answer


def drip(connection: socket.socket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 10_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(again_and_again(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1), id="interim answers"),
        pytest.param(again_and_again(b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.1), id="hints"),
        pytest.param(drip, id="a byte now and then"),
    ],
)
def test_the_deadline_is_over_the_whole(serve: Callable[[Answer], str], answer: Answer) -> None:
    began = time.monotonic()
    probe = Probe(serve(answer), GATE, timeout=1)
    probe.close()
    assert probe.failure is not None and probe.failure.startswith("GET /ready")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="interim answers"),
        pytest.param(b"x" * 4096, id="no answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 90, id="headers"),
    ],
)
def test_an_answer_has_a_size(serve: Callable[[Answer], str], text: bytes) -> None:
    probe = Probe(serve(again_and_again(text, 0)), GATE, timeout=20)
    probe.close()
    assert probe.failure is not None and probe.failure.startswith("GET /ready failed: ")


@pytest.mark.parametrize(
    ("header", "worker"), [("17", 17), ("9" * 5000, None), ("٣", None), ("-1", None), ("1" * 11, None)]
)
def test_a_worker_is_a_number(serve: Callable[[Answer], str], header: str, worker: int | None) -> None:
    output = f"HTTP/1.1 200 OK\r\nX-ASGI-Worker: {header}\r\n\r\n".encode()
    probe = Probe(serve(lambda connection: connection.sendall(output)), GATE, timeout=5)
    probe.close()
    assert (probe.failure, probe.worker) == (None, worker)
