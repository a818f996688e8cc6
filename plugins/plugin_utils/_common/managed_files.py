"""Files of a host, as M(asgi.deploy.files) takes them."""

from __future__ import annotations

from typing import Any

File = dict[str, Any]


def file(path: str, content: str, *, there: bool = True, **more: str) -> File:
    """A file with a content, or its absence; `more` are `mode`, `owner` and `group`."""
    return {"path": path, "state": "file" if there else "absent", "content": content, **more}


def secret(path: str, content: str, *, there: bool = True, mode: str = "0600", **more: str) -> File:
    """The same with a content that is never shown."""
    state = "file" if there else "absent"
    return {"path": path, "state": state, "secret_content": content, "mode": mode, **more}


def directory(path: str, *, exclusive: bool = False, **more: str) -> File:
    """Return a directory; of an exclusive one, all is removed that has no item of its own."""
    return {"path": path, "state": "directory", **more, **({"exclusive": True} if exclusive else {})}


def link(path: str, target: str) -> File:
    return {"path": path, "state": "link", "target": target}


def absent(path: str) -> File:
    return {"path": path, "state": "absent"}
