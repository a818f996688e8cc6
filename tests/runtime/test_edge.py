"""Ids, logs, health and metrics of an application, under every kind of server."""

from __future__ import annotations

import http.client
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.conftest import Serve
from tests.runtime.served import KINDS, RELEASE, Served, ask, until

EVERY = pytest.mark.parametrize("kind", KINDS)
ID = "0a1b2c3d-shop"
HEALTH = {"liveness": "/alive", "readiness": "/ready", "metrics": "/metrics"}
MARK = Path("/run/asgi-deploy/draining") / f"shop@{RELEASE}"

Of = Callable[[str], Served]


@pytest.fixture(scope="module")
def of(serve_for_all: Serve) -> Of:
    """Return a server of a kind that logs each request and knows all paths of health."""
    served: dict[str, Served] = {}
    return lambda kind: served.setdefault(
        kind, served.get(kind) or serve_for_all(**KINDS[kind], log={"access": True}, health=HEALTH)
    )


def logged(served: Served, request: str) -> list[dict[str, Any]]:
    return [record for record in served.records() if record.get("request_id") == request]


def from_nginx(request: str) -> dict[str, str]:
    """Return the headers that nginx overwrites."""
    return {
        "X-Request-ID": request,
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "User-Agent": "tests",
    }


@EVERY
def test_what_nginx_says_is_believed(of: Of, kind: str) -> None:
    answer = of(kind).get("/", from_nginx("believed-1")).json
    assert (answer["scheme"], answer["client"]) == ("https", "192.0.2.7")


@EVERY
def test_who_answers_is_shown_only_to_the_gate(of: Of, kind: str) -> None:
    asked = of(kind).get("/", {"X-ASGI-Probe": "1"})
    assert asked.headers["x-asgi-worker"] == str(asked.json["pid"])
    other = of(kind).get("/")
    assert "x-asgi-worker" not in other.headers
    # For nginx's log.
    assert asked.headers["x-asgi-release"] == other.headers["x-asgi-release"] == RELEASE


@EVERY
def test_one_id_finds_all_lines_of_a_request(of: Of, kind: str) -> None:
    served, request = of(kind), f"{ID}-{kind}"
    served.get("/log", from_nginx(request))
    until(lambda: len(logged(served, request)) == 3)
    paid, failed, access = logged(served, request)
    assert (paid["level"], paid["logger"], paid["message"]) == ("INFO", "site.cart", "paid")
    assert (paid["order"], paid["colour"]) == (7, "grün")
    assert (paid["service"], paid["release"]) == ("shop", RELEASE)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", paid["timestamp"])
    assert (failed["level"], failed["message"]) == ("ERROR", "failed\nin two lines")
    assert failed["exception"].startswith("Traceback (most recent call last):\n")
    assert failed["exception"].endswith("ValueError: no such cart")
    assert access["logger"] == "asgi.access"
    expected = {"method": "GET", "path": "/log", "status": 200, "client": "192.0.2.7", "agent": "tests"}
    assert {name: access[name] for name in expected} == expected
    assert 0 < access["duration_ms"] < 10_000


@EVERY
def test_every_line_is_json(of: Of, kind: str) -> None:
    """Those of the server, too, and those of an error that nothing caught."""
    served, request = of(kind), f"broken-{kind}"
    assert served.get("/fail", from_nginx(request)).status == 500
    until(lambda: logged(served, request))
    records = served.records()
    assert all({"timestamp", "level", "logger", "message", "service", "release"} <= set(record) for record in records)
    (traceback,) = (item for item in logged(served, request) if "RuntimeError: broken" in item.get("exception", ""))
    assert traceback["level"] == "ERROR", "the one id finds it as well"
    (access,) = (item for item in logged(served, request) if item["logger"] == "asgi.access")
    assert access["status"] == 500
    assert {record["logger"] for record in records} & {"gunicorn.error", "uvicorn.error"}
    assert not {record["logger"] for record in records} & {"gunicorn.access", "uvicorn.access"}


@EVERY
def test_request_without_an_id(of: Of, kind: str) -> None:
    """The id of the request before, in the same worker, is not taken for its own."""
    served = of(kind)
    served.get("/", from_nginx("before-1"))
    served.get("/log")
    until(lambda: sum(record["message"] == "paid" and "request_id" not in record for record in served.records()))


@EVERY
def test_error_in_the_midst_of_an_answer_has_its_id(of: Of, kind: str) -> None:
    served, request = of(kind), f"midst-{kind}"
    with suppress(http.client.HTTPException, ConnectionError):  # the answer ends too early
        served.get("/breaks", from_nginx(request))
    until(lambda: any("RuntimeError: in the midst" in item.get("exception", "") for item in logged(served, request)))
    served.get("/log")
    until(lambda: any(record["message"] == "paid" and "request_id" not in record for record in served.records()))


@EVERY
def test_events_are_passed_on_at_once(of: Of, kind: str) -> None:
    """nginx would keep them until the stream ends; what an application says of it stays."""
    served = of(kind)
    assert served.get("/events").headers["x-accel-buffering"] == "no"
    assert served.get("/events?buffering=yes").headers["x-accel-buffering"] == "yes"
    assert "x-accel-buffering" not in served.get("/").headers


def test_ids_without_nginx(started: Serve) -> None:
    """The application gets the id that is logged and returned, and nothing else that a visitor claims to be one."""
    served = started(server="uvicorn", proxy="none")
    for claimed, taken in ((None, False), ("no id", False), ("claimed-1", True)):
        answer = served.get("/", {"X-Request-ID": claimed} if claimed else None)
        (current,) = answer.json["ids"]
        assert answer.headers["x-request-id"] == current
        assert (current == claimed) is taken


@pytest.mark.parametrize("kind", ["gunicorn", "gthread"])
@pytest.mark.parametrize(
    ("log", "kept"),
    [
        pytest.param({"level": "debug"}, {"looked", "paid", "failed"}, id="debug"),
        pytest.param({}, {"paid", "failed"}, id="the default"),
        pytest.param({"level": "error"}, {"failed"}, id="error"),
        pytest.param(
            {"level": "error", "levels": {"site": "debug"}}, {"looked", "paid", "failed"}, id="one logger more"
        ),
        pytest.param({"levels": {"site.cart": "critical"}}, set(), id="one logger less"),
    ],
)
def test_text_and_levels(started: Serve, kind: str, log: dict[str, Any], kept: set[str]) -> None:
    served = started(**KINDS[kind], log={"format": "text", "access": True, **log})
    served.get("/log", from_nginx("text-0001"))
    text = until(lambda: "GET /log 200 in" in served.log and served.log)
    lines = re.findall(r"^(?:DEBUG|INFO|ERROR) site\.cart \[text-0001\]: (\w+)", text, re.MULTILINE)
    assert set(lines) == kept
    assert ("Traceback (most recent call last):" in text) is ("failed" in kept)
    assert re.search(
        r"^INFO asgi\.access \[text-0001\]: GET /log 200 in [0-9.]+ ms for 192\.0\.2\.7$", text, re.MULTILINE
    )
    assert ("INFO gunicorn.error: " in text) is (log.get("level") != "error")


@pytest.mark.parametrize("kind", ["gunicorn", "gthread"])
def test_path_that_would_forge_a_line(started: Serve, kind: str) -> None:
    served = started(**KINDS[kind], log={"format": "text", "access": True})
    served.get("/gr%C3%BCn%0AERROR%00shop.cart:%1B%5B31m")
    text = until(lambda: "shop.cart:" in served.log and served.log)
    (line,) = (line for line in text.splitlines() if "shop.cart:" in line)
    assert line.startswith("INFO asgi.access: GET /gr")
    assert r"n\nERROR\x00shop.cart:\x1b[31m 200 in" in line


def test_priorities_for_the_journal(started: Serve) -> None:
    """`journalctl --priority=err` finds errors, and each of their lines."""
    served = started(server="gunicorn", log={"format": "text"}, environment={"JOURNAL_STREAM": "8:1"})
    served.get("/log")
    text = until(lambda: "no such cart" in served.log and served.log)
    assert "<6>INFO site.cart: paid\n" in text
    assert "<3>ERROR site.cart: failed\n<3>in two lines\n<3>Traceback (most recent call last):\n" in text
    assert all(line.startswith("<") for line in text.splitlines())


@EVERY
def test_liveness(of: Of, kind: str) -> None:
    answer = of(kind).get("/alive")
    assert (answer.status, answer.json) == (200, {"status": "alive"})
    assert answer.headers["content-type"] == "application/json"


@pytest.fixture
def mark() -> Iterator[Path]:
    """Write the mark as the unit that drains a release does, and yield its path."""
    if not os.access("/run", os.W_OK):
        pytest.skip("only root may write the mark of draining: /run/asgi-deploy")
    MARK.mkdir(parents=True)
    yield MARK
    with suppress(FileNotFoundError):
        MARK.rmdir()  # the folders above it may be in use by tests that run next to this one


@EVERY
def test_readiness_while_the_release_drains(of: Of, kind: str, mark: Path) -> None:
    """As long as the mark is there; the rest is served as before."""
    answer = of(kind).get("/ready")
    assert (answer.status, answer.json) == (503, {"status": "draining"})
    assert of(kind).get("/").status == of(kind).get("/alive").status == 200
    mark.rmdir()
    assert of(kind).get("/ready").json["path"] == "/ready", "it is the application that answers"


ASGI = pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-asgi", "uvicorn"])


@ASGI
def test_readiness_of_a_process_that_ends(started: Serve, kind: str) -> None:
    """On a connection that nginx keeps: it learns that the process ends, and that the connection is over."""
    served = started(**KINDS[kind], health={"readiness": "/ready"})
    with closing(served.connect()) as connection:
        assert ask(connection, "/ready").status == 200
        served.process.send_signal(signal.SIGTERM)
        while "connection" not in (answer := ask(connection, "/ready")).headers:
            time.sleep(0.02)
        assert (answer.status, answer.headers["connection"]) == (503, "close")
    served.process.wait(15)


@ASGI
def test_no_connection_ends_unannounced(started: Serve, kind: str) -> None:
    """An answer that has begun without a word of it leaves its connection open, for the next request is on its way."""
    served = started(**KINDS[kind])
    with closing(served.connect()) as connection:
        connection.request("GET", "/slow?seconds=0.5")
        answer = connection.getresponse()
        assert answer.headers["connection"] != "close"
        served.process.send_signal(signal.SIGTERM)
        assert answer.read()
        while ask(connection, "/").headers.get("connection") != "close":
            time.sleep(0.02)
    served.process.wait(15)


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-asgi", "uvicorn", "sync"])
def test_factory(started: Serve, kind: str) -> None:
    name = "wsgi_site" if kind == "sync" else "asgi_site"
    served = started(**KINDS[kind], module=f"{name}:make", factory=True)
    assert served.get().status == 200
    assert "made" in dict(served.reports())


NO_ASGI = (
    "TypeError: wsgi_site:app is no ASGI application: it takes no (scope, receive, send). "
    "The option `server` has a choice for the other kind, gunicorn-wsgi, which serves WSGI; "
    "a function that makes the application needs `factory: true`."
)
NO_WSGI = (
    "TypeError: asgi_site:app is no WSGI application: it takes no (environ, start_response). "
    "The option `server` has a choice for the other kind, gunicorn, which serves ASGI; "
    "a function that makes the application needs `factory: true`."
)


@pytest.mark.parametrize(
    ("kind", "module", "text"),
    [
        pytest.param("gunicorn", "wsgi_site:app", NO_ASGI, id="WSGI under gunicorn"),
        pytest.param("gunicorn-asgi", "wsgi_site:app", NO_ASGI, id="WSGI under gunicorn-asgi"),
        pytest.param("uvicorn", "wsgi_site:app", NO_ASGI, id="WSGI under uvicorn"),
        pytest.param("sync", "asgi_site:app", NO_WSGI, id="ASGI under gunicorn-wsgi"),
        pytest.param(
            "gunicorn", "asgi_site:make", "asgi_site:make is no ASGI application", id="a factory without a word"
        ),
        pytest.param(
            "gunicorn", "asgi_site:site", "AttributeError: module 'asgi_site' has no attribute 'site'", id="attribute"
        ),
        pytest.param(
            "uvicorn", "asgi_site:site", "AttributeError: module 'asgi_site' has no attribute 'site'", id="uvicorn"
        ),
        pytest.param("gunicorn", "shop.main:app", "ModuleNotFoundError: No module named 'shop'", id="module"),
        pytest.param(
            "uvicorn-2", "shop.main:app", "ModuleNotFoundError: No module named 'shop'", id="module, supervised"
        ),
        pytest.param("sync", "shop.main:app", "ModuleNotFoundError: No module named 'shop'", id="module, WSGI"),
    ],
)
def test_application_that_is_none(started: Serve, kind: str, module: str, text: str) -> None:
    """The process ends with the reason, which the engine shows from the journal."""
    served = started(ready=False, **KINDS[kind], module=module)
    assert served.process.wait(30) not in (0, -signal.SIGKILL)
    assert text in served.log.replace('\\"', '"')


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-asgi", "uvicorn", "uvicorn-2"])
def test_lifespan_that_fails(started: Serve, kind: str) -> None:
    served = started(ready=False, **KINDS[kind], environment={"LIFESPAN": "fails"})
    assert served.process.wait(30) not in (0, -signal.SIGKILL)
    assert "no database" in served.log
