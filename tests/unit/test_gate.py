"""The gate, against a real server on a unix socket."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils.gate import Gate, ask, passes, watch

Answer = Callable[[socket.socket, int], None]


@pytest.mark.parametrize(
    ("status", "wanted", "passed"),
    [
        (200, ["2xx"], True),
        (204, ["2xx"], True),
        (299, ["2xx"], True),
        (300, ["2xx"], False),
        (404, ["2xx", "3xx", "4xx"], True),
        (500, ["2xx", "3xx", "4xx"], False),
        (503, ["503"], True),
        (503, ["502", "504"], False),
        (200, ["204", "2xx"], True),
        (200, ["20"], False),
    ],
)
def test_passes(status: int, wanted: list[str], passed: bool) -> None:
    assert passes(status, wanted) is passed


def gate(path: str = "/ready", status: tuple[str, ...] = ("2xx",), timeout: float = 5, successes: int = 1) -> Gate:
    return Gate(path=path, status=status, timeout=timeout, successes=successes, host="shop.example.com")


def reply(status: str, body: str = "") -> Answer:
    text = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    return lambda connection, number: connection.sendall(text.encode())


def replies(*answers: Answer) -> Answer:
    """Each answer once, and the last one from then on."""
    return lambda connection, number: answers[min(number, len(answers) - 1)](connection, number)


def hang_up(connection: socket.socket, number: int) -> None:
    """Closes without an answer."""


def hang(connection: socket.socket, number: int) -> None:
    """Keeps the connection and says nothing, until the other side gives up."""
    connection.recv(1)


def drip(connection: socket.socket, number: int) -> None:
    """Begins an answer that takes longer than anybody waits."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(200):
        connection.sendall(b"1\r\nx\r\n")
        time.sleep(0.02)


@contextmanager
def server(path: Path, answer: Answer) -> Iterator[list[str]]:
    """Answers in threads of its own; gives the requests that came."""
    requests: list[str] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def one(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            requests.append(connection.recv(65536).decode())
            answer(connection, number)

    def serve() -> None:
        with suppress(OSError):
            for number in range(1_000_000):
                threading.Thread(target=one, args=(listener.accept()[0], number), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def alive() -> str | None:
    return None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.sock"


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        pytest.param(reply("200 OK", "ready"), gate(), id="ready at once"),
        pytest.param(reply("404 Not Found"), gate(status=("2xx", "3xx", "4xx")), id="404 accepted"),
        pytest.param(replies(hang_up, reply("500 Oops"), reply("200 OK")), gate(), id="ready late"),
        pytest.param(reply("204 No Content"), gate(status=("204",)), id="exact status"),
    ],
)
def test_passed(path: Path, answer: Answer, wanted: Gate) -> None:
    with server(path, answer):
        assert watch(str(path), wanted, alive) is None


def test_socket_that_comes_late(path: Path) -> None:
    results: list[str | None] = []
    watcher = threading.Thread(target=lambda: results.append(watch(str(path), gate(), alive)))
    watcher.start()
    time.sleep(0.15)
    with server(path, reply("200 OK")):
        watcher.join(timeout=10)
    assert results == [None]


def test_successes_must_be_in_a_row(path: Path) -> None:
    ok, wrong = reply("200 OK"), reply("503 Busy")
    with server(path, replies(ok, ok, wrong, ok, ok, ok)) as requests:
        assert watch(str(path), gate(successes=3), alive) is None
    assert len(requests) == 6


def test_asks_as_nginx_does(path: Path) -> None:
    with server(path, reply("200 OK")) as requests:
        assert ask(str(path), gate("/ready?deep=1"), 5) is None
    first, *headers = requests[0].splitlines()
    assert first == "GET /ready?deep=1 HTTP/1.1"
    assert {"Host: shop.example.com", "X-Forwarded-Proto: https", "Connection: close"} <= set(headers)


@pytest.mark.parametrize(
    ("answer", "wanted", "text"),
    [
        pytest.param(
            reply("500 Internal Server Error"),
            gate(timeout=0.3),
            "GET /ready answered 500 Internal Server Error, expected 2xx (for 0.3 s)",
            id="500",
        ),
        pytest.param(
            reply("404 Not Found"),
            gate("/", ("200", "3xx"), timeout=0.3),
            "GET / answered 404 Not Found, expected 200, 3xx (for 0.3 s)",
            id="404",
        ),
        pytest.param(hang, gate(timeout=1), "GET /ready got no answer within 1 s (for 1 s)", id="hang"),
        pytest.param(
            hang_up,
            gate(timeout=0.3),
            "GET /ready failed: Remote end closed connection without response (for 0.3 s)",
            id="hang up",
        ),
        pytest.param(
            lambda connection, _: connection.sendall(b"SSH-2.0-OpenSSH\r\n"),
            gate(timeout=0.3),
            "GET /ready failed: SSH-2.0-OpenSSH\r\n (for 0.3 s)",
            id="no HTTP",
        ),
    ],
)
def test_refused(path: Path, answer: Answer, wanted: Gate, text: str) -> None:
    with server(path, answer):
        found = watch(str(path), wanted, alive)
    assert found == text


def test_no_socket(path: Path) -> None:
    text = "GET /ready failed: [Errno 2] No such file or directory (for 0.2 s)"
    assert watch(str(path), gate(timeout=0.2), alive) == text


def test_too_few_answers_in_time(path: Path) -> None:
    with server(path, reply("200 OK")):
        found = watch(str(path), gate(timeout=0.2, successes=1_000_000), alive)
    assert re.fullmatch(r"only [1-9]\d* answers in a row passed \(for 0.2 s\)", str(found))


def test_process_that_died_ends_the_wait(path: Path) -> None:
    started = time.monotonic()
    assert watch(str(path), gate(timeout=60), lambda: "the service does not stay up") == "the service does not stay up"
    assert time.monotonic() - started < 1


def test_process_that_died_after_its_last_answer(path: Path) -> None:
    with server(path, reply("200 OK")):
        assert watch(str(path), gate(), lambda: "its process ended") == "its process ended"


def test_answer_without_end_does_not_hold_the_gate(path: Path) -> None:
    watcher = threading.Thread(target=watch, args=(str(path), gate(timeout=0.5), alive), daemon=True)
    with server(path, drip):
        watcher.start()
        watcher.join(timeout=3)
        assert not watcher.is_alive()


def test_short_waits_are_told_truly(path: Path) -> None:
    with server(path, hang):
        assert "within 0 s" not in str(ask(str(path), gate(), 0.3))
