"""The example application with what this scenario checks: settings, storage, and where it may write."""

import os
import sqlite3
from contextlib import closing
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


@app.post("/visits/{mode}")
def visits(mode: str) -> dict[str, Any]:
    """Count a visit in a database next to the code; return the visits so far, and the journal's mode."""
    with closing(sqlite3.connect("db.sqlite3")) as database, database:
        kept = database.execute(f"pragma journal_mode={mode}").fetchone()[0]
        database.execute("create table if not exists visits (mode text)")
        database.execute("insert into visits values (?)", (mode,))
        return {"visits": database.execute("select count(*) from visits").fetchone()[0], "mode": kept}


@app.post("/rename")
def rename() -> str:
    """Replace the database by renaming another file; return how that ends."""
    try:
        Path("db.sqlite3.tmp").write_bytes(b"")
        Path("db.sqlite3.tmp").replace("db.sqlite3")
    except OSError as error:
        return type(error).__name__
    return "replaced"
