"""Endpoints that make a proxy, a deployment or a load test show what it does to a request."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, WebSocket, status
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from pydantic import JsonValue

from shop.models import Echo, Headers, Message, Slept, Tick

router = APIRouter(tags=["probes"])

Seconds = Annotated[float, Query(ge=0, le=60)]
Delay = Annotated[float, Query(ge=0, le=10)]
Count = Annotated[int, Query(ge=1, le=1000)]


@router.post("/echo")
async def echo(request: Request) -> Echo:
    """Answer with the body and its checksum, so that a client can check whether it arrived whole."""
    body = await request.body()
    value: JsonValue = None
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            value = json.loads(body)
        except ValueError as error:
            raise HTTPException(status.HTTP_400_BAD_REQUEST, f"not JSON: {error}") from error
    return Echo(
        length=len(body),
        sha256=sha256(body).hexdigest(),
        json_value=value,
        base64=b64encode(body).decode(),
    )


@router.get("/headers")
async def headers(request: Request) -> Headers:
    """Answer with what arrived; a list, because a header may come more than once."""
    return Headers(
        scheme=request.url.scheme,
        http_version=request.scope["http_version"],
        client=request.client.host if request.client else None,
        url=str(request.url_for("headers")),
        headers=request.headers.items(),
    )


@router.get("/slow")
async def slow(seconds: Seconds = 1) -> Slept:
    """Take a while: what does a deployment do to a request in flight?"""
    await asyncio.sleep(seconds)
    return Slept(seconds=seconds)


@router.get("/stream")
async def stream(chunks: Count = 10, delay: Delay = 0.1) -> StreamingResponse:
    """Send numbered lines one by one: does a proxy buffer them?"""

    async def lines() -> AsyncIterator[str]:
        for number in range(chunks):
            yield f"chunk {number}\n"
            await asyncio.sleep(delay)

    return StreamingResponse(lines(), media_type="text/plain")


@router.get("/events", response_class=EventSourceResponse)
async def events(count: Count = 10, delay: Delay = 1) -> AsyncIterator[Tick]:
    """Send server-sent events, then end."""
    for number in range(count):
        yield Tick(number=number)
        await asyncio.sleep(delay)


@router.websocket("/ws")
async def websocket(socket: WebSocket) -> None:
    """Echo each text message until the client leaves."""
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(Message(echo=text).model_dump_json())
