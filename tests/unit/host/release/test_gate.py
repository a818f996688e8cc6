"""The gate, against a real server on a unix socket."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Answers, Gate, status_matches
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.probe import Probe, wait_until_passed
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.processes import descendants, parents

Answer = Callable[[socket.socket, int], None]
Received = Sequence[tuple[int | None, str | None]]


@pytest.mark.parametrize(
    ("status", "expected", "passed"),
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
def test_status_matches(status: int, expected: list[str], passed: bool) -> None:
    assert status_matches(status, expected) is passed


def gate(
    path: str = "/ready",
    status: tuple[str, ...] = ("2xx",),
    timeout: float = 5,
    successes: int = 1,
    workers: int = 0,
    uptime: float = 0,
) -> Gate:
    return Gate(path, status, timeout, successes, "shop.example.com", workers, uptime)


def feed(answers: Answers, *received: tuple[int | None, str | None]) -> Answers:
    for worker, errors in received:
        answers.add(worker, errors)
    return answers


@pytest.mark.parametrize(
    ("requested", "received", "alive", "passed"),
    [
        pytest.param(gate(), [], [], False, id="no answer"),
        pytest.param(gate(), [(None, None)], [], True, id="one, from any worker"),
        pytest.param(gate(successes=3), [(1, None)] * 2, [1], False, id="too few"),
        pytest.param(gate(successes=3), [(1, None)] * 3, [1], True, id="enough"),
        pytest.param(gate(successes=2), [(1, None), (1, "x"), (1, None)], [1], False, id="not in a row"),
        pytest.param(gate(successes=2), [(1, "x"), (1, None), (1, None)], [1], True, id="a failure before"),
        pytest.param(gate(successes=1), [(1, None), (None, "x")], [1], False, id="a failure at last"),
        pytest.param(gate(workers=2), [(1, None)] * 9, [1, 2], False, id="one of two workers"),
        pytest.param(gate(workers=2), [(1, None), (2, None)], [1, 2], True, id="both workers"),
        pytest.param(gate(workers=2, successes=3), [(1, None), (2, None)], [1, 2], False, id="both, but too few"),
        pytest.param(gate(workers=2), [(1, None), (None, None)], [1, 2], False, id="one that is not known"),
        pytest.param(gate(workers=2), [(1, None), (2, None)], [1, 3], False, id="one has ended since"),
        pytest.param(gate(workers=2), [(1, None), (2, None), (3, None)], [1, 3], True, id="one was replaced"),
        pytest.param(gate(workers=2), [(1, None), (2, None), (1, "x"), (2, None)], [1, 2], False, id="one fails now"),
        pytest.param(
            gate(workers=2), [(1, None), (2, None), (1, "x"), (1, None)], [1, 2], True, id="one failed, and answers now"
        ),
        pytest.param(gate(workers=1), [(1, None), (2, None)], [1, 2, 3], True, id="more than there should be"),
    ],
)
def test_answers(requested: Gate, received: Received, alive: list[int], passed: bool) -> None:
    assert feed(Answers(requested), *received).passed(alive) is passed


def test_worker_that_ended_has_to_be_replaced() -> None:
    answers = feed(Answers(gate(workers=2)), (1, None))
    assert not answers.passed([1, 2])
    assert not feed(answers, (2, None)).passed([2])
    assert not answers.passed([1, 2])  # another process with the number of one that has ended
    assert feed(answers, (3, None)).passed([2, 3])


@pytest.mark.parametrize(
    ("requested", "received", "text"),
    [
        (gate(workers=2), [], "only 0 of 2 workers answered GET /ready"),
        (gate(workers=2), [(1, None)], "only 1 of 2 workers answered GET /ready"),
        (gate(workers=1, successes=3), [(1, None)] * 2, "only 2 answers in a row passed"),
        (gate(workers=2), [(1, None), (2, "GET /ready answered 500")], "GET /ready answered 500"),
        (gate(workers=2), [(2, "GET /ready answered 500"), (1, None)], "only 1 of 2 workers answered GET /ready"),
    ],
)
def test_what_is_missing_is_described(requested: Gate, received: Received, text: str) -> None:
    assert feed(Answers(requested), *received).missing() == text


def reply(status: str, body: str = "") -> Answer:
    text = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    return lambda connection, number: connection.sendall(text.encode())


def replies(*answers: Answer) -> Answer:
    """Return each answer once, and the last one from then on."""
    return lambda connection, number: answers[min(number, len(answers) - 1)](connection, number)


def hang_up(connection: socket.socket, number: int) -> None:
    """Close without an answer."""


def hang(connection: socket.socket, number: int) -> None:
    """Keep the connection and send nothing, until the other side gives up."""
    connection.recv(1)


def drip(connection: socket.socket, number: int) -> None:
    """Begin an answer that takes longer than anybody waits."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(200):
        connection.sendall(b"1\r\nx\r\n")
        time.sleep(0.02)


@contextmanager
def server(path: Path, answer: Answer) -> Iterator[list[str]]:
    """Answer in threads of its own; return the requests that came."""
    requests: list[str] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def handle(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            requests.append(connection.recv(65536).decode())
            answer(connection, number)

    def serve() -> None:
        with suppress(OSError):
            for number in range(1_000_000):
                threading.Thread(target=handle, args=(listener.accept()[0], number), daemon=True).start()

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


def no_processes() -> set[int]:
    return set()


def failure_of(path: Path, requested: Gate, timeout: float = 5, broken: Callable[[], str | None] = alive) -> str | None:
    probe = Probe(str(path), requested, timeout, broken)
    probe.close()
    return probe.failure


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.sock"


@pytest.mark.parametrize(
    ("answer", "requested"),
    [
        pytest.param(reply("200 OK", "ready"), gate(), id="ready at once"),
        pytest.param(reply("404 Not Found"), gate(status=("2xx", "3xx", "4xx")), id="404 accepted"),
        pytest.param(replies(hang_up, reply("500 Oops"), reply("200 OK")), gate(), id="ready late"),
        pytest.param(reply("204 No Content"), gate(status=("204",)), id="exact status"),
    ],
)
def test_a_release_passes_its_gate(path: Path, answer: Answer, requested: Gate) -> None:
    with server(path, answer):
        assert wait_until_passed(str(path), requested, alive, no_processes) is None


def test_socket_that_comes_late(path: Path) -> None:
    results: list[str | None] = []
    watcher = threading.Thread(target=lambda: results.append(wait_until_passed(str(path), gate(), alive, no_processes)))
    watcher.start()
    time.sleep(0.15)
    with server(path, reply("200 OK")):
        watcher.join(timeout=10)
    assert results == [None]


def test_successes_must_be_in_a_row(path: Path) -> None:
    ok, errors = reply("200 OK"), reply("503 Busy")
    with server(path, replies(ok, ok, errors, ok, ok, ok)) as requests:
        assert wait_until_passed(str(path), gate(successes=3), alive, no_processes) is None
    assert len(requests) == 6


def test_asks_as_nginx_does(path: Path) -> None:
    with server(path, reply("200 OK")) as requests:
        assert failure_of(path, gate("/ready?deep=1")) is None
    first, *headers = requests[0].splitlines()
    assert first == "GET /ready?deep=1 HTTP/1.1"
    expected = {"Host: shop.example.com", "X-Forwarded-Proto: https", "X-Forwarded-For: 127.0.0.1", "X-ASGI-Probe: 1"}
    assert expected <= set(headers)
    assert sum(header.startswith("Host:") for header in headers) == 1


@pytest.mark.parametrize(
    ("answer", "requested", "text"),
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
        pytest.param(hang, gate(timeout=1), "GET /ready: no answer within 1 s (for 1 s)", id="hang"),
        pytest.param(
            hang_up,
            gate(timeout=0.3),
            "GET /ready failed: it closed the connection without an answer (for 0.3 s)",
            id="hang up",
        ),
        pytest.param(
            lambda connection, _: connection.sendall(b"SSH-2.0-OpenSSH\r\n"),
            gate(timeout=0.3),
            "GET /ready failed: it answered 'SSH-2.0-OpenSSH', which is not HTTP (for 0.3 s)",
            id="no HTTP",
        ),
    ],
)
def test_a_release_fails_its_gate(path: Path, answer: Answer, requested: Gate, text: str) -> None:
    with server(path, answer):
        failure = wait_until_passed(str(path), requested, alive, no_processes)
    assert failure == text


def test_no_socket(path: Path) -> None:
    text = "GET /ready failed: [Errno 2] No such file or directory (for 0.2 s)"
    assert wait_until_passed(str(path), gate(timeout=0.2), alive, no_processes) == text


def test_too_few_answers_in_time(path: Path) -> None:
    with server(path, reply("200 OK")):
        failure = wait_until_passed(str(path), gate(timeout=0.2, successes=1_000_000), alive, no_processes)
    assert re.fullmatch(r"only [1-9]\d* answers in a row passed \(for 0.2 s\)", str(failure))


def test_process_that_died_ends_the_wait(path: Path) -> None:
    started = time.monotonic()
    gone = "the service does not stay up"
    assert wait_until_passed(str(path), gate(timeout=60), lambda: gone, no_processes) == gone
    assert time.monotonic() - started < 1


def test_process_that_died_after_its_last_answer(path: Path) -> None:
    with server(path, reply("200 OK")):
        assert wait_until_passed(str(path), gate(), lambda: "its process ended", no_processes) == "its process ended"


def test_answer_without_end_does_not_hold_the_gate(path: Path) -> None:
    watcher = threading.Thread(
        target=wait_until_passed, args=(str(path), gate(timeout=0.5), alive, no_processes), daemon=True
    )
    with server(path, drip):
        watcher.start()
        watcher.join(timeout=3)
        assert not watcher.is_alive()


def test_short_waits_are_reported_exactly(path: Path) -> None:
    with server(path, hang):
        assert failure_of(path, gate(), 0.3) == "GET /ready: no answer within 0.3 s"


def test_probe_keeps_its_connection_until_it_is_closed(path: Path) -> None:
    """Otherwise the process that answered could not be identified."""
    ended = threading.Event()

    def answer(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.recv(1)
        ended.set()

    with server(path, answer):
        probe = Probe(str(path), gate(), 5)
        assert probe.failure is None
        assert not ended.wait(0.2)
        probe.close()
        assert ended.wait(5)


@pytest.mark.parametrize("successes", [1, 3])
def test_process_that_died_ends_the_wait_for_an_answer(path: Path, successes: int) -> None:
    """systemd's listener accepts the request, and no process is there to answer."""
    started = time.monotonic()

    def broken() -> str | None:
        return "the service does not stay up" if time.monotonic() > started + 0.3 else None

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        failure = wait_until_passed(str(path), gate(timeout=60, successes=successes, workers=2), broken, no_processes)
    assert failure == "the service does not stay up"
    assert time.monotonic() - started < 1.5


def test_probe_of_what_is_broken(path: Path) -> None:
    with server(path, hang):
        assert failure_of(path, gate(), 60, lambda: "its process ended") == "its process ended"


def test_half_an_answer(path: Path) -> None:
    def half(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
        connection.recv(1)

    started = time.monotonic()
    with server(path, half):
        failure = wait_until_passed(str(path), gate(timeout=1), alive, no_processes)
    assert failure == "GET /ready: no answer within 1 s (for 1 s)"
    assert time.monotonic() - started < 3


def test_uptime(path: Path) -> None:
    started = time.monotonic()
    with server(path, reply("200 OK")) as requests:
        assert wait_until_passed(str(path), gate(uptime=0.5), alive, no_processes) is None
    assert 0.5 <= time.monotonic() - started < 2
    assert len(requests) < 20


def test_uptime_beyond_the_timeout(path: Path) -> None:
    with server(path, reply("200 OK")):
        assert wait_until_passed(str(path), gate(timeout=0.2, uptime=0.6), alive, no_processes) is None


def test_service_that_ends_before_its_uptime(path: Path) -> None:
    started = time.monotonic()

    def broken() -> str | None:
        return "the service does not stay up" if time.monotonic() > started + 0.3 else None

    with server(path, reply("200 OK")):
        assert wait_until_passed(str(path), gate(uptime=60), broken, no_processes) == "the service does not stay up"
    assert time.monotonic() - started < 2


def test_worker_that_ends_within_the_uptime(path: Path) -> None:
    """Its supervisor has started another, which answers as well."""
    began = time.monotonic()
    seen: list[int] = []

    def answer(connection: socket.socket, _number: int) -> None:
        seen.append(1 if time.monotonic() < began + 0.3 else 2)
        connection.sendall(f"HTTP/1.1 200 OK\r\nX-ASGI-Worker: {seen[-1]}\r\nContent-Length: 0\r\n\r\n".encode())

    with server(path, answer):
        failure = wait_until_passed(str(path), gate(workers=1, uptime=60), alive, lambda: seen[-1:])
        assert failure == "the service does not stay up: a worker that had answered has ended"
        assert wait_until_passed(str(path), gate(workers=1), alive, lambda: seen[-1:]) is None


def test_answer_that_fails_within_the_uptime(path: Path) -> None:
    with server(path, replies(reply("200 OK"), reply("200 OK"), reply("500 Oops"))):
        failure = wait_until_passed(str(path), gate(timeout=0.5, uptime=0.5), alive, no_processes)
    assert str(failure).startswith("GET /ready answered 500 Oops")


def test_uptime_does_not_lengthen_the_wait_for_what_does_not_answer(path: Path) -> None:
    started = time.monotonic()
    with server(path, reply("500 Oops")):
        failure = wait_until_passed(str(path), gate(timeout=0.3, uptime=3), alive, no_processes)
    assert failure == "GET /ready answered 500 Oops, expected 2xx (for 0.3 s)"
    assert time.monotonic() - started < 1.5


Worker = Callable[[socket.socket], object]


def signed(question: bytes, status: str = "200 OK") -> bytes:
    """Return an answer; to a question of the gate it names the worker, as the runtime of a release does."""
    worker = f"X-ASGI-Worker: {os.getpid()}\r\n" if b"\r\nX-ASGI-Probe: 1\r\n" in question else ""
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n{worker}\r\n".encode()


def answering(listener: socket.socket, status: str = "200 OK") -> None:
    """Serve one connection after another, as a synchronous server does."""
    while True:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            while question := connection.recv(65536):
                connection.sendall(signed(question, status))


def failing(listener: socket.socket) -> None:
    answering(listener, "500 Oops")


def looping(listener: socket.socket) -> None:
    """Serve as an event loop does: all workers are woken for a connection, and one accepts it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while question := await reader.read(65536):
            writer.write(signed(question))
        writer.close()

    async def run() -> None:
        async with await asyncio.start_unix_server(serve, sock=listener) as server:
            await server.serve_forever()

    asyncio.run(run())


def starting(listener: socket.socket) -> None:
    """Wait as a worker that imports the application and never completes it."""
    time.sleep(60)


def answering_once(listener: socket.socket) -> None:
    """Answer one connection, and leave all later ones to the other workers."""
    connection, _ = listener.accept()
    with connection, suppress(OSError):
        connection.sendall(signed(connection.recv(65536)))
    time.sleep(60)


def stuck(listener: socket.socket) -> None:
    """Accept connections and answer none."""
    held = []
    while True:
        held.append(listener.accept())


def late(listener: socket.socket) -> None:
    time.sleep(0.7)
    answering(listener)


@contextmanager
def workers(path: Path, *tasks: Worker) -> Iterator[list[int]]:
    """Start processes that share one listener, as a server's workers do; return their numbers."""
    started: list[int] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        try:
            for task in tasks:
                child = os.fork()
                if not child:
                    work(task, listener)
                started.append(child)
            yield started
        finally:
            for child in started:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)


def work(task: Worker, listener: socket.socket) -> NoReturn:
    """Return what a child does, whatever happens to it, in place of the rest of the tests."""
    try:
        task(listener)
    finally:
        os._exit(1)


def ours() -> set[int]:
    return descendants(os.getpid(), parents())


@pytest.mark.parametrize(
    "tasks",
    [
        pytest.param([answering], id="one"),
        pytest.param([answering, answering], id="two"),
        pytest.param([answering, answering, answering], id="three"),
        pytest.param([looping, looping, looping], id="event loops"),
        pytest.param([answering, late], id="one comes late"),
    ],
)
def test_every_worker_answers(path: Path, tasks: list[Worker]) -> None:
    with workers(path, *tasks):
        assert wait_until_passed(str(path), gate(timeout=20, workers=len(tasks)), alive, ours) is None


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        pytest.param([answering, starting], "only 1 of 2 workers answered GET /ready (for 1 s)", id="one starts"),
        pytest.param(
            [answering, answering, starting], "only 2 of 3 workers answered GET /ready (for 1 s)", id="one of three"
        ),
    ],
)
def test_worker_that_never_answers(path: Path, tasks: list[Worker], text: str) -> None:
    with workers(path, *tasks):
        assert wait_until_passed(str(path), gate(timeout=1, workers=len(tasks)), alive, ours) == text


def test_worker_that_accepts_requests_and_does_not_answer(path: Path) -> None:
    """However slow the machine is, the second question is not answered: no worker is left that does."""
    with workers(path, answering_once, stuck):
        failure = wait_until_passed(str(path), gate(timeout=3, workers=2), alive, ours)
    assert re.fullmatch(r"GET /ready: no answer within [0-9.]+ s \(for 3 s\)", str(failure))


def test_worker_that_answers_wrongly(path: Path) -> None:
    """Whichever of the two was last to be asked, the gate is not passed."""
    with workers(path, answering, failing):
        failure = str(wait_until_passed(str(path), gate(timeout=1, workers=2, successes=3), alive, ours))
    assert failure.endswith("(for 1 s)")
    assert failure.startswith(("GET /ready answered 500 Oops", "only 1 of 2 workers"))


def test_worker_that_was_killed_does_not_count(path: Path) -> None:
    with workers(path, answering, answering) as started:
        assert wait_until_passed(str(path), gate(timeout=20, workers=2), alive, ours) is None
        os.kill(started[0], signal.SIGKILL)
        os.waitpid(started[0], 0)
        failure = wait_until_passed(str(path), gate(timeout=0.5, workers=2), alive, ours)
    assert failure == "only 1 of 2 workers answered GET /ready (for 0.5 s)"


@pytest.mark.parametrize(
    ("header", "worker"),
    [
        pytest.param("X-ASGI-Worker: 4711\r\n", 4711, id="stated"),
        pytest.param("x-asgi-worker: 4711\r\n", 4711, id="in lower case, as uvicorn writes"),
        pytest.param("", None, id="not stated"),
        pytest.param("X-ASGI-Worker: \r\n", None, id="empty"),
        pytest.param("X-ASGI-Worker: -1\r\n", None, id="no number"),
        pytest.param("X-ASGI-Worker: one\r\n", None, id="a word"),
    ],
)
def test_the_process_that_answered_is_read(path: Path, header: str, worker: int | None) -> None:
    text = f"HTTP/1.1 200 OK\r\n{header}Content-Length: 0\r\n\r\n"
    with server(path, lambda connection, _: connection.sendall(text.encode())):
        probe = Probe(str(path), gate(), 5)
        probe.close()
    assert (probe.worker, probe.failure) == (worker, None)


def test_worker_that_does_not_state_its_process(path: Path) -> None:
    with server(path, reply("200 OK")):
        failure = wait_until_passed(str(path), gate(timeout=0.3, workers=1), alive, no_processes)
    assert failure == "only 0 of 1 workers answered GET /ready (for 0.3 s)"


def test_process_of_another_service_does_not_count(path: Path) -> None:
    """The number comes from what is tested: it must be one of the service's own processes."""
    with workers(path, answering):
        failure = wait_until_passed(str(path), gate(timeout=0.3, workers=1), alive, lambda: {1})
    assert failure == "only 0 of 1 workers answered GET /ready (for 0.3 s)"


def test_a_gate_without_workers_counts_answers_only(path: Path) -> None:
    with workers(path, answering, starting):
        assert wait_until_passed(str(path), gate(successes=5), alive, no_processes) is None


def test_waiting_for_a_worker_is_no_load(path: Path) -> None:
    """The host serves visitors at the same time, and each request may query a database."""
    with server(path, reply("200 OK")) as requests:
        assert wait_until_passed(str(path), gate(timeout=1, workers=2), alive, no_processes)
    assert len(requests) <= 200
