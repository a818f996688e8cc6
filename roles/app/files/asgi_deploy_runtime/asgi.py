"""The middleware of an ASGI application."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from . import health, requests
from .concurrency import Limited
from .logs import request_id
from .settings import RELEASE, SETTINGS

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_ABOUT_BUFFERING = (b"content-type", b"x-accel-buffering")
_LENGTH = len(b"content-type")
_MAPPED = "::ffff:"  # an IPv4 address as an IPv6 listener sees it: RFC 4291, 2.5.5.2


class Middleware:
    """Middleware that gives every request an id, answers paths of the runtime, and counts and logs if configured."""

    def __init__(self, application: Application) -> None:
        limit = SETTINGS["limit_concurrency"]
        self._application = Limited(application, limit, bool(SETTINGS["direct"])) if limit else application
        self._liveness = SETTINGS["health"]["liveness"]
        self._readiness = SETTINGS["health"]["readiness"]
        self._metrics_path = SETTINGS["health"]["metrics"]
        self._paths = {self._liveness, self._readiness, self._metrics_path}
        self._direct = SETTINGS["direct"]
        self._root_path = SETTINGS["root_path"]
        self._access = SETTINGS["log"]["access"]
        # uvicorn adds the release by itself.
        self._release = (b"x-asgi-release", RELEASE.encode()) if SETTINGS["server"] == "gunicorn-asgi" else None
        self._metrics = None
        if self._metrics_path:
            from .metrics import Metrics

            self._metrics = Metrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if self._root_path:
            scope["root_path"] = self._root_path
        headers = dict(scope["headers"])  # the last one of several with the same name
        current = headers.get(b"x-request-id", b"").decode("latin-1")
        if self._direct:
            current = requests.valid_id(current)
            # nginx would have sent it to the application.
            others = [pair for pair in scope["headers"] if pair[0] != b"x-request-id"]
            scope["headers"] = [*others, (b"x-request-id", current.encode())]
            _as_behind_a_proxy(scope)
        token = request_id.set(current or None)
        await self._answer(scope, receive, send, headers, current)
        # After an exception the id stays until the next request sets another one: the server logs the traceback by it.
        request_id.reset(token)

    # A coroutine costs a request as much as all of this, so a function that waits for nothing is a plain function.
    def _answer(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes], current: str
    ) -> Awaitable[None]:
        added = self._added(scope, headers, current)
        if self._release:
            send = _closing(send)
        if not self._direct:
            send = _unbuffered(send)
        if added:
            send = _with_headers(send, added)
        if self._metrics or self._access:
            return self._observed(scope, receive, send, headers)
        return self._answered(scope, receive, send)

    def _answered(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Return the answer of the runtime, or else that of the application."""
        if scope["path"] in self._paths and scope["type"] == "http" and (own := self._own(scope, send)):
            return own
        return self._application(scope, receive, send)

    def _added(self, scope: Scope, headers: Mapping[bytes, bytes], current: str) -> list[tuple[bytes, bytes]]:
        """Return the headers that the runtime adds to an answer."""
        added = [self._release] if self._release else []
        if self._direct:
            added.append((b"x-request-id", current.encode()))
        # Which worker answers, for the gate; nginx allows no visitor to ask for it.
        if headers.get(b"x-asgi-probe") and (not self._direct or _local(scope)):
            added.append((b"x-asgi-worker", str(os.getpid()).encode()))
        return added

    def _own(self, scope: Scope, send: Send) -> Awaitable[None] | None:
        """Return the answer to a path of the runtime; None for another path."""
        path = scope["path"]
        if path == self._liveness:
            return _send(send, 200, requests.status_body("alive"))
        if path == self._readiness and health.draining():
            return _send(send, 503, requests.status_body("draining"))
        if path == self._metrics_path and self._metrics and (not self._direct or _local(scope)):
            return _send_metrics(send, self._metrics)
        return None

    async def _observed(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes]) -> None:
        """Answer, and count and log the result."""
        status: int | None = None
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        method = scope.get("method", "WEBSOCKET")
        if self._metrics:
            self._metrics.begin()
        try:
            await self._answered(scope, receive, noting)
        except Exception:
            status = status or 500  # the answer of the server
            raise
        finally:
            seconds = time.perf_counter() - began
            if self._metrics:
                self._metrics.end(method, status, seconds)
            if self._access:
                client = scope["client"][0] if scope.get("client") else None
                agent = headers.get(b"user-agent", b"").decode("latin-1")
                requests.log(method, scope["path"], status, seconds, client, agent)


def _as_behind_a_proxy(scope: Scope) -> None:
    """Set scheme and client as a proxy would.

    The gate connects to another socket without TLS, and is treated like a visitor.
    """
    client = scope.get("client")
    if client is None and scope["type"] == "http":
        scope["scheme"] = "https"
    elif client and client[0].startswith(_MAPPED):
        scope["client"] = (client[0][len(_MAPPED) :], client[1])


def _local(scope: Scope) -> bool:
    client = scope.get("client")
    return not client or client[0] in requests.LOOPBACK


def _with_headers(send: Send, added: list[tuple[bytes, bytes]]) -> Send:
    def sending(message: Message) -> Awaitable[None]:
        if message["type"] in ("http.response.start", "websocket.accept"):
            names = {name for name, _value in added}
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        return send(message)

    return sending


def _unbuffered(send: Send) -> Send:
    """Make nginx send each event of a stream at once, unless the application sets the buffering itself."""

    def sending(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            for name, value in message.get("headers", ()):
                # Only few answers get this far.
                if len(name) == _LENGTH and value[:5].lower() == b"text/":
                    message = _without_buffering(message)
                    break
        return send(message)

    return sending


def _without_buffering(message: Message) -> Message:
    """Return the head of a stream of events with the header for nginx; any other head unchanged."""
    headers = message["headers"]
    relevant = {name.lower(): value for name, value in headers if name.lower() in _ABOUT_BUFFERING}
    if requests.is_event_stream(relevant.get(b"content-type", b"").decode("latin-1")) and len(relevant) == 1:
        return {**message, "headers": [*headers, (b"x-accel-buffering", b"no")]}
    return message


def _closing(send: Send) -> Send:
    """Make an answer end its connection, if the process has to end before the head is sent."""

    def sending(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start" and health.closing():
            message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
        return send(message)

    return sending


async def _send(send: Send, status: int, body: bytes, kind: str = "application/json") -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_metrics(send: Send, metrics: Any) -> None:
    kind, text = await asyncio.to_thread(metrics.text)  # reads the files of all workers
    await _send(send, 200, text, kind)
