"""Every setting that a server takes has its effect in the running server, and every hook is called."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import HOOKS, SERVERS, SETTINGS, To

from tests.runtime.conftest import Serve
from tests.runtime.served import Served, ask, command_line, until

# Values that cannot pass for defaults; all at once where a server takes them.
GIVEN: dict[str, Any] = {
    "backlog": 17,
    "max_requests": 3,
    "max_requests_jitter": 1_000_000_000,
    "worker_connections": 6,
    "threads": 4,
    "limit_concurrency": 4,
    "keepalive": 1,
    "limit_request_line": 200,
    "limit_request_fields": 8,
    "limit_request_field_size": 150,
    "h11_max_incomplete_event_size": 1024,
    "preload_app": True,
    "worker_tmp_dir": "/var/tmp",
    "proc_name": "till",
    "loop": "asyncio",
    "http": "h11",
    "lifespan": "off",
    "root_path": "/shop",
}
# Without threads there is nothing to compare with: connections are neither kept nor counted.
PLAIN = {"gunicorn-wsgi": {"threads": 2}}

Pair = Callable[[str], "tuple[Served, Served]"]


def taken(server: str) -> dict[str, Any]:
    return {name: value for name, value in GIVEN.items() if isinstance(SETTINGS[name][server], To)}


@pytest.fixture(scope="module")
def pair(serve_for_all: Serve) -> Pair:
    """Return a server with all of the settings that it takes, and one with none."""
    pairs: dict[str, tuple[Served, Served]] = {}

    def of(server: str) -> tuple[Served, Served]:
        if server not in pairs:
            arguments = serve_for_all(server=server, settings=taken(server))
            pairs[server] = arguments, serve_for_all(server=server, settings=PLAIN.get(server, {}))
        return pairs[server]

    return of


def at_once(served: Served, number: int, path: str) -> int:
    """Return how many of so many requests were under way at the same time."""
    spans: list[tuple[float, float]] = []
    threads = [
        threading.Thread(target=lambda: spans.append(tuple(served.get(path).json["span"]))) for _ in range(number)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(spans) == number
    return max(sum(began <= moment < ended for began, ended in spans) for moment, _ in spans)


def listeners() -> dict[str, tuple[int, int]]:
    """Return by path how many connections wait to be accepted, and how many may."""
    table = subprocess.run(["ss", "-xlH"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in table.splitlines()]
    return {row[4]: (int(row[2]), int(row[3])) for row in rows if len(row) > 4}


def backlog(given: Served, plain: Served) -> None:
    result = listeners()
    assert result[str(given.path)][1] == 17
    assert result[str(plain.path)][1] > 17


def max_requests_jitter(given: Served, plain: Served) -> None:
    """Assert that the worker outlives three requests, after which it would end without the jitter."""
    assert len({given.get().json["pid"] for _ in range(12)}) == 1


def worker_connections(given: Served, plain: Served) -> None:
    """Assert that no more visitors are accepted; here such as have not sent all of their requests."""

    def waiting(served: Served) -> int:
        return listeners()[str(served.path)][0]

    with ExitStack() as stack:
        for served in (given, plain):
            for _ in range(9):
                connection = stack.enter_context(closing(served.connect()))
                connection.sock.sendall(b"GET / HTTP/1.1\r\n")
        until(lambda: waiting(plain) == 0)
        until(lambda: waiting(given) <= 4)
        assert waiting(given) >= 3  # more, if a connection from before is still counted
    until(lambda: waiting(given) == 0)


def threads(given: Served, plain: Served) -> None:
    """Assert that four threads take three requests at once, and two do not."""
    assert at_once(given, 3, "/sleep?seconds=0.7") == 3
    assert at_once(plain, 3, "/sleep?seconds=0.7") == 2


def limit_concurrency(given: Served, plain: Served) -> None:
    """Return the number of requests under way; connections that wait for the next one do not."""

    def answered(served: Served, path: str) -> int:
        """Ask while four requests to this path are under way, or have been, on connections that stay open."""

        def asleep() -> int:
            return [what for what, _process in served.reports()].count("asleep")

        before = asleep()
        with ExitStack() as stack:
            connections = [stack.enter_context(closing(served.connect())) for _ in range(4)]
            for connection in connections:
                connection.request("GET", path)
                if path == "/":
                    connection.getresponse().read()
            until(lambda: path == "/" or asleep() - before == len(connections))
            return served.get().status

    assert (answered(given, "/"), answered(plain, "/")) == (200, 200)
    assert (answered(given, "/sleep?seconds=2"), answered(plain, "/sleep?seconds=2")) == (503, 200)
    until(lambda: given.get().status == 200)


def keepalive(given: Served, plain: Served) -> None:
    with closing(given.connect()) as short, closing(plain.connect()) as long:
        assert ask(short, "/").status == ask(long, "/").status == 200
        began = time.monotonic()
        assert short.sock.recv(1) == b""
        assert 0.5 < time.monotonic() - began < 20
        assert ask(long, "/").status == 200


def limit_request_line(given: Served, plain: Served) -> None:
    assert given.get("/?" + "x" * 150).status == 200
    assert given.get("/?" + "x" * 200).status in (400, 414)
    assert plain.get("/?" + "x" * 200).status == 200


def limit_request_fields(given: Served, plain: Served) -> None:
    many = {f"X-{number}": "x" for number in range(8)}
    assert given.get("/", dict(list(many.items())[:5])).status == 200
    assert given.get("/", many).status in (400, 431)
    assert plain.get("/", many).status == 200


def limit_request_field_size(given: Served, plain: Served) -> None:
    assert given.get("/", {"X": "x" * 120}).status == 200
    assert given.get("/", {"X": "x" * 160}).status in (400, 431)
    assert plain.get("/", {"X": "x" * 160}).status == 200


def h11_max_incomplete_event_size(given: Served, plain: Served) -> None:
    """Send in two pieces; what comes in one piece is never incomplete."""

    def answered(served: Served, size: int, rest: bytes) -> bytes:
        with closing(served.connect()) as connection:
            connection.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * size + rest)
            return bytes(connection.sock.recv(64)).split(b"\r\n")[0]

    assert answered(given, 1100, b"").startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert answered(given, 800, b"\r\n\r\n") == b"HTTP/1.1 200 OK"
    assert answered(plain, 1100, b"\r\n\r\n") == b"HTTP/1.1 200 OK"
    with closing(plain.connect(timeout=0.5)) as connection, pytest.raises(TimeoutError):
        connection.sock.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 1100)
        connection.sock.recv(64)


def preload_app(given: Served, plain: Served) -> None:
    assert given.get().json["imported_in"] == given.process.pid
    answer = plain.get().json
    assert answer["imported_in"] == answer["pid"] in plain.workers()


def worker_tmp_dir(given: Served, plain: Served) -> None:
    def opened(served: Served) -> set[str]:
        links = []
        for descriptor in Path(f"/proc/{served.workers()[0]}/fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed in between
                links.append(str(descriptor.readlink()))
        return {str(Path(link).parent) for link in links if "wgunicorn-" in link}

    assert (opened(given), opened(plain)) == ({"/var/tmp"}, {"/dev/shm"})


def proc_name(given: Served, plain: Served) -> None:
    for process in (given.process.pid, given.get().json["pid"]):
        assert b"till" in command_line(process) and b"shop" not in command_line(process)
    assert b"shop" in command_line(plain.process.pid)


def loop(given: Served, plain: Served) -> None:
    assert (given.get().json["loop"], plain.get().json["loop"]) == ("asyncio", "uvloop")


def http(given: Served, plain: Served) -> None:
    assert given.get().json["protocol"] == "uvicorn.protocols.http.h11_impl"
    assert plain.get().json["protocol"] == "uvicorn.protocols.http.httptools_impl"


def lifespan(given: Served, plain: Served) -> None:
    assert "startup" not in dict(given.reports())
    assert "startup" in dict(plain.reports())


def root_path(given: Served, plain: Served) -> None:
    def seen(served: Served, path: str) -> tuple[str, str]:
        answer = served.get(path).json
        # The whole path: an ASGI application gets it, a WSGI application the rest of it.
        whole = (
            answer["path"] if answer["path"].startswith(answer["root_path"]) else answer["root_path"] + answer["path"]
        )
        return answer["root_path"], whole

    assert seen(given, "/shop/cart") == ("/shop", "/shop/cart")
    assert seen(given, "/shop") == ("/shop", "/shop")
    assert seen(plain, "/shop/cart") == ("", "/shop/cart")
    assert given.get("/shops").status == 200


EFFECTS: dict[str, Callable[[Served, Served], None]] = {
    "backlog": backlog,
    "max_requests_jitter": max_requests_jitter,
    "worker_connections": worker_connections,
    "threads": threads,
    "limit_concurrency": limit_concurrency,
    "keepalive": keepalive,
    "limit_request_line": limit_request_line,
    "limit_request_fields": limit_request_fields,
    "limit_request_field_size": limit_request_field_size,
    "h11_max_incomplete_event_size": h11_max_incomplete_event_size,
    "preload_app": preload_app,
    "worker_tmp_dir": worker_tmp_dir,
    "proc_name": proc_name,
    "loop": loop,
    "http": http,
    "lifespan": lifespan,
    "root_path": root_path,
}
# Of each server all, so that few run at a time.
ROWS = [(server, name) for server in SERVERS for name in EFFECTS if isinstance(SETTINGS[name][server], To)]


def test_every_setting_is_tried() -> None:
    assert set(EFFECTS) | {"max_requests"} == set(SETTINGS) == set(GIVEN)


@pytest.mark.parametrize(("server", "name"), ROWS, ids=[f"{server}-{name}" for server, name in ROWS])
def test_effect(pair: Pair, server: str, name: str) -> None:
    EFFECTS[name](*pair(server))


@pytest.mark.parametrize(
    ("server", "options"),
    [
        pytest.param("gunicorn", {}, id="gunicorn"),
        pytest.param("gunicorn-asgi", {}, id="gunicorn-asgi"),
        pytest.param("gunicorn-wsgi", {}, id="sync"),
        pytest.param("gunicorn-wsgi", {"settings": {"threads": 2}}, id="gthread"),
        pytest.param("uvicorn", {}, id="uvicorn"),
        pytest.param("uvicorn", {"workers": "2"}, id="uvicorn-2"),
    ],
)
def test_max_requests(started: Serve, server: str, options: dict[str, Any]) -> None:
    """A worker ends after its share, and another takes the next requests; none is lost, and the service stays."""
    served = started(server=server, **{**options, "settings": {**options.get("settings", {}), "max_requests": 8}})
    processes: set[int] = set()

    def ended() -> bool:
        answers = [served.get() for _ in range(4)]
        assert {answer.status for answer in answers} == {200}
        processes.update(answer.json["pid"] for answer in answers)
        return len(processes) > 3

    until(ended, 40)
    assert served.process.poll() is None


def abort(served: Served) -> None:
    """Wait until the master kills a worker that shows no sign of life."""
    (before,) = served.workers()
    with suppress(OSError), closing(served.connect(timeout=10)) as connection:
        connection.request("GET", "/block?seconds=30")
        connection.getresponse()
    until(lambda: (now := served.workers()) and before not in now)
    assert served.get().status == 200


def interrupt(served: Served) -> None:
    (before,) = served.workers()
    os.kill(before, signal.SIGINT)
    until(lambda: (now := served.workers()) and before not in now)
    assert served.get().status == 200


@pytest.mark.parametrize("server", [server for server in SERVERS if server != "uvicorn"])
def test_hooks(started: Serve, server: str) -> None:
    """All are given, and those are called that the table has, while workers end in every way."""
    hooks = {name: f"site_hooks:{name}" for name in HOOKS}
    served = started(server=server, timeout=4, settings={"hooks": hooks})
    assert served.get().status == 200
    interrupt(served)
    abort(served)
    until(lambda: served.get().status == 200)
    assert served.stop() == 0
    called = {name for name, _ in served.reports()} & set(HOOKS)
    assert called == {name for name in HOOKS if isinstance(HOOKS[name][server], To)}
    master = {"on_starting", "when_ready", "pre_fork", "child_exit", "nworkers_changed", "on_exit"}
    assert {name for name, process in served.reports() if process == served.process.pid} & set(HOOKS) == master
