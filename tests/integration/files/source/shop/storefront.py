"""The example application with what this scenario checks: settings, storage, and where it may write."""

import os
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from shop.main import app

__all__ = ["app"]


@app.get("/settings")
async def settings() -> dict[str, Any]:
    """Return what the application was given."""
    names = ("PASSWORD", "GREETING", "NAME", "WORKERS")
    texts = {str(path): path.read_text() for path in sorted(Path("config").rglob("*.toml"))}
    return {"env": {name: os.environ.get(name) for name in names}, "files": texts}


@app.put("/write/{path:path}")
async def write(path: str, request: Request, response: Response) -> dict[str, str]:
    """Write to a file, if that can be done."""
    try:
        Path("/", path).write_bytes(await request.body())
    except OSError as error:
        response.status_code = 403
        return {"error": type(error).__name__, "text": error.strerror or ""}
    return {}


@app.get("/media/{name}")
async def media(name: str) -> Response:
    """Return what was stored."""
    return Response(Path("media", name).read_bytes())
