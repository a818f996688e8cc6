"""Repositories of git that are reached by SSH: their parts, however a URL is written."""

from __future__ import annotations

import re
from typing import NamedTuple

_USER = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_PATH = r"[A-Za-z0-9~][A-Za-z0-9._~/+-]*"
_URL = re.compile(rf"(?:git\+)?ssh://(?:({_USER})@)?({_HOST})(?::([0-9]{{1,5}}))?/({_PATH})")
_SCP = re.compile(rf"(?:({_USER})@)({_HOST}):()/?({_PATH})")


class Repository(NamedTuple):
    """The parts of a repository's URL.

    Attributes:
        user: the name to log in with; empty for none.
        host: its server.
        port: of the server; None for the usual one.
        path: on the server, without the first slash and without .git.
    """

    user: str
    host: str
    port: int | None
    path: str


def parse_repository(url: str) -> Repository | None:
    """Return the parts of a repository that is reached by SSH; None for another URL.

    >>> parse_repository("git+ssh://git@git.example.com:2222/team/lib.git")
    Repository(user='git', host='git.example.com', port=2222, path='team/lib')
    >>> parse_repository("git@git.example.com:team/lib") == parse_repository("ssh://git@git.example.com/team/lib.git")
    True
    """
    match = _URL.fullmatch(url) or _SCP.fullmatch(url)
    if match is None:
        return None
    user, host, port, path = match.groups()
    path = path.rstrip("/").removesuffix(".git")
    number = int(port) if port else None
    if not path or ".." in path.split("/") or (number is not None and not 0 < number < 65_536):
        return None
    return Repository(user or "", host.lower(), None if number == 22 else number, path)
