"""Files of a host, as M(asgi.deploy.files) takes them."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry


class _Access(TypedDict, total=False):
    """Who may read and write a file or a directory."""

    mode: str  # in octal digits, as in "0640"
    owner: str
    group: str


def file(path: str, content: str, *, there: bool = True, **access: Unpack[_Access]) -> FileEntry:
    """Return a file with a content, or its absence."""
    return _accessible({"path": path, "state": "file" if there else "absent", "content": content}, access)


def secret(path: str, content: str, *, there: bool = True, **access: Unpack[_Access]) -> FileEntry:
    """Return a file whose content is never shown, or its absence; only its owner reads it unless `mode` differs."""
    state: Literal["file", "absent"] = "file" if there else "absent"
    return _accessible({"path": path, "state": state, "secret_content": content, "mode": "0600"}, access)


def directory(path: str, *, exclusive: bool = False, **access: Unpack[_Access]) -> FileEntry:
    """Return a directory; of an exclusive one, all is removed that has no item of its own."""
    item = _accessible({"path": path, "state": "directory"}, access)
    return {**item, "exclusive": True} if exclusive else item


def link(path: str, target: str) -> FileEntry:
    """Return a symbolic link."""
    return {"path": path, "state": "link", "target": target}


def absent(path: str) -> FileEntry:
    """Return the absence of a file or a link."""
    return {"path": path, "state": "absent"}


def _accessible(item: FileEntry, access: _Access) -> FileEntry:
    """Return the item with the mode, the owner and the group that are given."""
    for key in ("mode", "owner", "group"):
        if key in access:
            item[key] = access[key]
    return item
