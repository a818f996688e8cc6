"""An ASGI application that answers how it is served."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any
from urllib.parse import parse_qs

from tests.runtime.apps.reports import log, report

IMPORTED_IN = os.getpid()
TOKEN = os.environ.get("TOKEN")


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": message.get("text") or ""})
        return
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    status, answer = await answer_of(path, query, scope, receive)
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if path == "/events":
        headers[0] = (b"content-type", b"text/event-stream; charset=utf-8")
        headers += [(b"x-accel-buffering", value.encode()) for name, value in query.items() if name == "buffering"]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/slow":
        await send({"type": "http.response.body", "body": body[:1], "more_body": True})
        await asyncio.sleep(float(query["seconds"]))
        body = body[1:]
    if path == "/breaks":
        await send({"type": "http.response.body", "body": body[:1], "more_body": True})
        raise RuntimeError("in the midst")
    await send({"type": "http.response.body", "body": body})


async def lifespan(receive: Any, send: Any) -> None:
    await receive()
    if os.environ.get("LIFESPAN") == "fails":
        await send({"type": "lifespan.startup.failed", "message": "no database"})
        return
    report("startup")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if os.environ.get("LIFESPAN") == "hangs":
        await asyncio.to_thread(time.sleep, 600)
    report("shutdown")
    await send({"type": "lifespan.shutdown.complete"})


async def answer_of(path: str, query: dict[str, str], scope: Any, receive: Any) -> tuple[int, Any]:
    if path == "/sleep":
        report("asleep")
        await asyncio.sleep(float(query["seconds"]))
    elif path == "/block":
        time.sleep(float(query["seconds"]))
    elif path == "/log":
        log()
    elif path == "/fail":
        raise RuntimeError("broken")
    elif path == "/missing":
        return 404, None
    elif path == "/echo":
        return 200, len((await receive()).get("body", b""))
    return 200, {
        "pid": os.getpid(),
        "imported_in": IMPORTED_IN,
        "loop": type(asyncio.get_running_loop()).__module__.split(".")[0],
        "protocol": type(receive.__self__).__module__ if hasattr(receive, "__self__") else None,
        "scheme": scope["scheme"],
        "client": scope["client"][0] if scope["client"] else None,
        "root_path": scope.get("root_path", ""),
        "path": scope["path"],
        "ids": [value.decode() for name, value in scope["headers"] if name == b"x-request-id"],
        "token": (TOKEN, os.environ.get("TOKEN")),
    }


def make() -> Any:
    report("made")
    return app
