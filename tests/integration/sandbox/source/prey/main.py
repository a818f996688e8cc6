"""An application that runs the code it is sent, as one does in which an attacker has found a way to make it."""

import asyncio
import json
import os
import socket
import traceback
from typing import Any


def run(code: str) -> dict[str, Any]:
    """Return what the code left in `result`, or how it failed."""
    names: dict[str, Any] = {}
    try:
        exec(compile(code, "<sent>", "exec"), names)  # noqa: S102
    except BaseException as error:
        results = {"error": type(error).__name__, "errno": getattr(error, "errno", None)}
        return {**results, "text": traceback.format_exc()}
    return {"error": None, "result": names.get("result")}


def start(how: str | None) -> None:
    """Ask for the credentials of the machine's role, as libraries of clouds do."""
    if how:
        try:
            socket.create_connection(("169.254.169.254", 80), timeout=3).close()
        except OSError:
            if how == "needed":
                raise


start(os.environ.get("AT_START"))


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer POST /run by running its body, and /ready."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"].removeprefix("lifespan.")
            await send({"type": f"lifespan.{kind}.complete"})
            if kind == "shutdown":
                return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    answer = await asyncio.to_thread(run, body.decode()) if scope["path"] == "/run" else {"ready": True}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
