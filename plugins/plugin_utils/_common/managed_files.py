"""Files of a host, as M(asgi.deploy.files) takes them."""

from __future__ import annotations

from typing import Literal, Required, TypedDict, Unpack


class _Access(TypedDict, total=False):
    """Who may read and write a file or a directory."""

    mode: str  # in octal digits, as in "0640"
    owner: str
    group: str


class ManagedFile(_Access, total=False):
    """A file, a directory or a link of a host, or its absence."""

    path: Required[str]
    state: Required[Literal["file", "directory", "link", "absent"]]
    content: str
    secret_content: str  # in the place of `content`: it is never shown
    target: str  # of a link
    exclusive: bool  # of a directory: what is below it and has no item of its own is removed


def file(path: str, content: str, *, there: bool = True, **access: Unpack[_Access]) -> ManagedFile:
    """Return a file with a content, or its absence."""
    return _accessible({"path": path, "state": "file" if there else "absent", "content": content}, access)


def secret(path: str, content: str, *, there: bool = True, **access: Unpack[_Access]) -> ManagedFile:
    """Return a file whose content is never shown, or its absence; only its owner reads it unless `mode` differs."""
    state: Literal["file", "absent"] = "file" if there else "absent"
    return _accessible({"path": path, "state": state, "secret_content": content, "mode": "0600"}, access)


def directory(path: str, *, exclusive: bool = False, **access: Unpack[_Access]) -> ManagedFile:
    """Return a directory; of an exclusive one, all is removed that has no item of its own."""
    item = _accessible({"path": path, "state": "directory"}, access)
    return {**item, "exclusive": True} if exclusive else item


def link(path: str, target: str) -> ManagedFile:
    """Return a symbolic link."""
    return {"path": path, "state": "link", "target": target}


def absent(path: str) -> ManagedFile:
    """Return the absence of a file or a link."""
    return {"path": path, "state": "absent"}


def _accessible(item: ManagedFile, access: _Access) -> ManagedFile:
    """Return the item with the mode, the owner and the group that are given."""
    for key in ("mode", "owner", "group"):
        if key in access:
            item[key] = access[key]
    return item
