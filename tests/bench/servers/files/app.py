"""The least application that satisfies `tests.traffic`: what is measured is the server, not a framework."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WHO = {"version": "1", "release": os.environ.get("BENCH_RELEASE", "none"), "pid": os.getpid()}


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Say who answers, or echo."""
    kind = scope["type"]
    if kind == "lifespan":
        await lifespan(receive, send)
    elif kind == "websocket":
        await converse(receive, send)
    elif scope["method"] == "POST":
        body = await read(receive)
        await answer(send, WHO | {"length": len(body), "sha256": sha256(body).hexdigest()})
    else:
        await answer(send, WHO)


async def lifespan(receive: Receive, send: Send) -> None:
    """Start and stop without ado."""
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


async def read(receive: Receive) -> bytes:
    """Return the whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer(send: Send, value: Message) -> None:
    """Send one answer in JSON."""
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def converse(receive: Receive, send: Send) -> None:
    """Echo each message until the client leaves."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": json.dumps(WHO | {"echo": message["text"]})})
