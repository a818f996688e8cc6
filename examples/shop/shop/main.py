"""The application: what it is, whether it is well, and which release answers."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import TypedDict

from fastapi import FastAPI, Request, Response, status
from fastapi.responses import HTMLResponse

from shop import __version__, orders, probes
from shop.models import Readiness, Status, Version
from shop.services import Services

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>shop {version}</title>
<style>
  body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem }}
  dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem }}
  dt {{ opacity: .6 }} dd {{ margin: 0; font-family: ui-monospace, monospace }}
  :root {{ color-scheme: light dark }}
</style>
<h1>shop is open</h1>
<dl>
  <dt>version</dt><dd>{version}</dd>
  <dt>release</dt><dd>{release}</dd>
  <dt>worker</dt><dd>{pid}</dd>
</dl>
"""


class State(TypedDict):
    """What the lifespan hands to every request."""

    ready: asyncio.Event
    services: Services


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
    """Warm up next to the server, so that until then /health answers with 200 and /ready with 503."""
    ready = asyncio.Event()
    seconds = float(os.environ.get("SHOP_WARM_UP_SECONDS", "0"))  # in place of filling caches
    warming = asyncio.create_task(warm_up(ready, seconds))
    async with Services.from_environment() as services:
        try:
            yield {"ready": ready, "services": services}
        finally:
            warming.cancel()


async def warm_up(ready: asyncio.Event, seconds: float) -> None:
    """Prepare to answer, which takes a while."""
    await asyncio.sleep(seconds)
    ready.set()


app = FastAPI(title="shop", version=__version__, lifespan=lifespan)
app.include_router(orders.router)
app.include_router(probes.router)


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home() -> str:
    """Show which release answers."""
    version = Version()
    return PAGE.format(
        version=escape(version.version),
        release=escape(version.release or "none"),
        pid=version.pid,
    )


@app.get("/health")
async def health() -> Status:
    """Answer the liveness probe: the worker answers. A database that is down is no reason to restart it."""
    return Status(status="alive")


@app.get("/ready", responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Readiness}})
async def ready(request: Request, response: Response) -> Readiness:
    """Answer the readiness probe: the worker is warm, and all that it needs answers."""
    response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    if not request.state.ready.is_set():
        return Readiness(status="starting")
    if down := await request.state.services.down():
        return Readiness(status="waiting", down=down)
    response.status_code = status.HTTP_200_OK
    return Readiness(status="ready")


@app.get("/version")
async def version() -> Version:
    """Return which code, which release and which worker answer."""
    return Version()
