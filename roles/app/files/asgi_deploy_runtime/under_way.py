"""The requests that are under way, for gunicorn's asgi worker, which does not record them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .asgi import Application, Receive, Scope, Send

UNDER_WAY: set[asyncio.Task[object]] = set()


class UnderWay:
    """An application whose tasks are recorded until they end."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if scope["type"] == "lifespan" or task is None:
            await self._application(scope, receive, send)
            return
        UNDER_WAY.add(task)
        try:
            await self._application(scope, receive, send)
        finally:
            UNDER_WAY.discard(task)
