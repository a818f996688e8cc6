"""A WSGI application that tells how it is served."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from tests.runtime.apps.told import log, tell

IMPORTED_IN = os.getpid()
TOKEN = os.environ.get("TOKEN")


def app(environ: Any, start_response: Any) -> Iterable[bytes]:
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    status = "200 OK"
    path = environ["PATH_INFO"]
    began = time.monotonic()
    if path in ("/sleep", "/block"):
        tell("asleep")
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
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def make() -> Any:
    tell("made")
    return app
