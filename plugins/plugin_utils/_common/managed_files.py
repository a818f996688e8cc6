"""Files of a host, as M(asgi.deploy.files) takes them."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry


class Access(TypedDict, total=False):
    """Who may access a file; what is missing has the default of M(asgi.deploy.files)."""

    mode: str  # octal digits
    owner: str
    group: str


def file(path: str, content: str, *, present: bool = True, **access: Unpack[Access]) -> FileEntry:
    """Return a file with its content, or its absence."""
    state: Literal["file", "absent"] = "file" if present else "absent"
    return _with_access({"path": path, "state": state, "content": content}, access)


def secret(path: str, content: str, *, present: bool = True, **access: Unpack[Access]) -> FileEntry:
    """Return a file whose content is never shown, or its absence; only its owner may read it unless `mode` is given."""
    state: Literal["file", "absent"] = "file" if present else "absent"
    return _with_access({"path": path, "state": state, "secret_content": content, "mode": "0600"}, access)


def directory(path: str, *, exclusive: bool = False, **access: Unpack[Access]) -> FileEntry:
    """Return a directory; everything in an exclusive one that has no entry is removed."""
    entry: FileEntry = {"path": path, "state": "directory"}
    if exclusive:
        entry["exclusive"] = True
    return _with_access(entry, access)


def link(path: str, target: str) -> FileEntry:
    """Return a symbolic link."""
    return {"path": path, "state": "link", "target": target}


def absent(path: str) -> FileEntry:
    """Return the absence of a file or a link."""
    return {"path": path, "state": "absent"}


def _with_access(entry: FileEntry, access: Access) -> FileEntry:
    """Return a file with who may access it; what `access` leaves out stays as it is."""
    if "mode" in access:
        entry["mode"] = access["mode"]
    if "owner" in access:
        entry["owner"] = access["owner"]
    if "group" in access:
        entry["group"] = access["group"]
    return entry
