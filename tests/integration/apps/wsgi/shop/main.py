"""The application: it answers as examples/shop does to all that a WSGI server can carry."""

import logging
import os
import time
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from flask import Flask, Response, request, url_for

from shop import __version__

logger = logging.getLogger(__name__)
app = Flask(__name__)


def answer(**more: Any) -> dict[str, Any]:
    """Return which code, which release and which worker answer, and what they have to say."""
    return {"version": __version__, "release": os.environ.get("ASGI_RELEASE"), "pid": os.getpid(), **more}


def seconds(name: str, default: float) -> float:
    """Return a number of seconds in the query, at most a minute."""
    return min(60.0, max(0.0, request.args.get(name, default, type=float)))


@app.get("/")
@app.get("/version")
def version() -> dict[str, Any]:
    return answer()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "alive"}


@app.get("/ready")
def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/echo")
def echo() -> dict[str, Any]:
    body = request.get_data()
    logger.info("echo", extra={"length": len(body)})
    return answer(
        length=len(body),
        sha256=sha256(body).hexdigest(),
        json=request.get_json(silent=True),
        base64=b64encode(body).decode(),
    )


@app.get("/headers")
def headers() -> dict[str, Any]:
    return answer(
        scheme=request.scheme,
        http_version=request.environ["SERVER_PROTOCOL"].removeprefix("HTTP/"),
        client=request.remote_addr,
        url=url_for("headers", _external=True),
        headers=[[name.lower(), value] for name, value in request.headers],
    )


@app.get("/slow")
def slow() -> dict[str, Any]:
    time.sleep(seconds("seconds", 1))
    return answer(seconds=seconds("seconds", 1))


@app.get("/stream")
def stream() -> Response:
    chunks, delay = request.args.get("chunks", 10, type=int), seconds("delay", 0.1)

    def lines() -> Iterator[str]:
        for number in range(chunks):
            yield f"chunk {number}\n"
            time.sleep(delay)

    return Response(lines(), mimetype="text/plain")
