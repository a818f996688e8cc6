"""What git prints of a commit's tree: its entries and its submodules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import transport_of

_MODULE = re.compile(r"submodule\.(.+)\.(path|url)\n(.*)", re.DOTALL)
_ENTRY = re.compile(r"(\d+) \w+ (\w+)\t(.*)", re.DOTALL)
_GITLINK_MODE = "160000"
_ODD = {"", ".", "..", ".git"}  # as parts of a path


@dataclass(frozen=True)
class Entry:
    """An entry of a commit: a file, a link or a submodule, by its mode.

    Attributes:
        mode: as git prints it.
        object: its id.
        path: in the tree.
    """

    mode: str
    object: str
    path: str


def parse_tree(listing: str) -> list[Entry]:
    """Return the entries of a commit, from its tree as git prints it, NUL between entries."""
    return [Entry(*match.groups()) for match in map(_ENTRY.fullmatch, listing.split("\0")) if match]


def refuse_unsafe_paths(entries: Sequence[Entry], url: str) -> None:
    """Refuse a tree that git itself does not make, and that could write files outside of it.

    Raises:
        DeployError: a path leads out of the tree, or through something that is no folder.
    """
    paths = {entry.path for entry in entries}
    for path in (entry.path for entry in entries):
        parts = path.split("/")
        if any(part.lower() in _ODD for part in parts):
            raise DeployError(f"git: {url} holds {path!r}, which no tree can contain; nothing of it was written")
        if any("/".join(parts[:count]) in paths for count in range(1, len(parts))):
            raise DeployError(f"git: {url} holds {path!r} below what is no folder; nothing of it was written")


@dataclass(frozen=True)
class Submodule:
    """A repository in another one.

    Attributes:
        url: where it comes from.
        commit: the recorded commit.
        path: its folder in the other tree.
    """

    url: str
    commit: str
    path: str


def parse_submodules(settings: str, entries: Sequence[Entry], url: str) -> list[Submodule]:
    """Return the submodules of a commit.

    Args:
        settings: its .gitmodules, as git prints it.
        entries: of the commit.
        url: of its repository.

    Raises:
        DeployError: .gitmodules does not say where one comes from.
    """
    known: dict[str, dict[str, str]] = {}
    for match in filter(None, map(_MODULE.fullmatch, settings.split("\0"))):
        known.setdefault(match[1], {})[match[2]] = match[3]
    urls = {module.get("path"): module.get("url") for module in known.values()}
    submodules = []
    for entry in (entry for entry in entries if entry.mode == _GITLINK_MODE):
        if not (written := urls.get(entry.path)):
            raise DeployError(f"submodules: .gitmodules of {url} does not say where {entry.path!r} comes from")
        where = submodule_url(written, url)
        if transport_of(where) != "file" and host_of(where) is None:
            raise DeployError(
                f"submodules: {entry.path!r} of {url} comes from {where!r}, which names no host; expected a URL in "
                ".gitmodules, as in url = https://git.example.com/lib.git"
            )
        submodules.append(Submodule(where, entry.object, entry.path))
    return submodules


def submodule_url(url: str, parent: str) -> str:
    """Return the URL of a submodule, which may be relative to that of its repository.

    >>> submodule_url("../lib.git", "git@git.example.com:team/shop.git")
    'git@git.example.com:team/lib.git'
    """
    if not url.startswith(("./", "../")):
        return url
    base, separator = parent.rstrip("/"), "/"
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            separator = "/" if "/" in base else ":"
            base = base.rpartition(separator)[0]
        url = url.partition("/")[2]
    return f"{base}{separator}{url}"
