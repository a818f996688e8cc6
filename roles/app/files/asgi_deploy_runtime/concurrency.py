"""The limit of requests that a worker has under way: `settings.limit_concurrency`.

uvicorn's own limit counts connections, even those that nginx only keeps open for later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import requests

if TYPE_CHECKING:
    from .asgi import Application, Receive, Scope, Send

_FULL = 503
_TRY_AGAIN = 1013  # of RFC 6455; not accepted yet, it is answered 403
_HEADERS = [(b"content-type", b"application/json"), (b"retry-after", b"1")]


class Limited:
    """An application that answers 503 while as many requests are under way as its limit allows.

    A WebSocket counts only without nginx, which has a limit of its own for it: it may be open for days.
    """

    def __init__(self, application: Application, limit: int, direct: bool) -> None:
        self._application = application
        self._limit = limit
        self._counted = ("http", "websocket") if direct else ("http",)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in self._counted:
            await self._application(scope, receive, send)
            return
        if self._under_way >= self._limit and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _TRY_AGAIN})
            return
        if self._under_way >= self._limit:
            body = requests.status_body("busy")
            headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": _FULL, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        self._under_way += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self._under_way -= 1
