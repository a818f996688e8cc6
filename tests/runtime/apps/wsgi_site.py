"""A WSGI application that answers how it is served."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from tests.runtime.apps.reports import log, report

IMPORTED_IN = os.getpid()
TOKEN = os.environ.get("TOKEN")


def app(environ: Any, start_response: Any) -> Iterable[bytes]:
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    status = "200 OK"
    path = environ["PATH_INFO"]
    began = time.monotonic()
    if path in ("/sleep", "/block"):
        report("asleep")
        time.sleep(float(query["seconds"]))
    elif path == "/log":
        log()
    elif path == "/fail":
        raise RuntimeError("broken")
    elif path == "/missing":
        status = "404 Not Found"
    answer = {
        "pid": os.getpid(),
        "imported_in": IMPORTED_IN,
        "threads": environ["wsgi.multithread"],
        "scheme": environ["wsgi.url_scheme"],
        "client": environ["REMOTE_ADDR"] or None,
        "root_path": environ.get("SCRIPT_NAME", ""),
        "path": path,
        "token": (TOKEN, os.environ.get("TOKEN")),
        "span": (began, time.monotonic()),
    }
    body = json.dumps(answer).encode()
    kind = "text/event-stream; charset=utf-8" if path == "/events" else "application/json"
    more = [("X-Accel-Buffering", query["buffering"])] if "buffering" in query else []
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *more])
    return breaking(body) if path == "/breaks" else [body]


def breaking(body: bytes) -> Iterator[bytes]:
    """Yield the beginning of an answer."""
    yield body[:1]
    raise RuntimeError("in the midst")


def make() -> Any:
    report("made")
    return app
