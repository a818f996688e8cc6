"""Files of a host, as M(asgi.deploy.files) takes them."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

File = dict[str, Any]


def file(path: str | PurePath, content: str, *, there: bool = True, **more: str) -> File:
    """A file with a content, or its absence; `more` are `mode`, `owner` and `group`."""
    return {"path": str(path), "state": "file" if there else "absent", "content": content, **more}


def secret(path: str | PurePath, content: str, *, there: bool = True, mode: str = "0600", **more: str) -> File:
    """The same with a content that is never shown."""
    state = "file" if there else "absent"
    return {"path": str(path), "state": state, "secret_content": content, "mode": mode, **more}


def directory(path: str | PurePath, **more: str) -> File:
    return {"path": str(path), "state": "directory", **more}


def absent(path: str | PurePath) -> File:
    return {"path": str(path), "state": "absent"}
