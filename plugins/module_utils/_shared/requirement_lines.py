"""Lines of requirements, as installers read them."""

from __future__ import annotations

import re

from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import plain_transport

_COMMENT = re.compile(r"(^|\s)#.*")
_EDITABLE = re.compile(r"(?:-e|--editable)\b")
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)")
_URL = re.compile(r"(?:[a-z]+\+)?([a-z][a-z0-9.-]*://[^\s;,'\"]+)", re.IGNORECASE)
_FIXED = re.compile(r"#(?:.*&)?sha(?:256|384|512)=|@[0-9a-f]{40,64}(?:#|$)")  # by a hash, or by a commit
_USER = re.compile(r"://[^/@]*@")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")


def lines(text: str) -> list[str]:
    """Return the lines of a requirements file, with continued lines joined and without comments.

    A comment ends with its line, even if the line ends with a backslash.
    """
    joined: list[str] = []
    begun = ""
    for line in text.splitlines():
        kept = begun + _COMMENT.sub("", line)
        if kept.endswith("\\"):
            begun = f"{kept[:-1]} "
            continue
        joined.append(kept)
        begun = ""
    return [stripped for line in (*joined, begun) if (stripped := line.strip())]


def included_file(line: str) -> str | None:
    """Return the name of the file that a line includes, as requirements or as constraints."""
    match = _INCLUDE.match(line)
    return match[1] if match else None


def points_into_tree(text: str) -> bool:
    """Return whether requirements name files next to them: the same text means other files in another tree."""
    for line in lines(text):
        target = line.split("#", 1)[0].split(";", 1)[0].split(" --", 1)[0].strip()
        if _EDITABLE.match(line) or "file:" in target:
            return True
        if target.startswith("-") or "://" in target:
            continue
        if target.startswith(".") or "/" in target or target.endswith(_ARCHIVES):
            return True
    return False


def unprotected_urls(text: str) -> list[str]:
    """Return the URLs in requirements whose content anyone on the network path can replace, without passwords.

    A hash or the id of a commit protects the content of a URL.

    >>> unprotected_urls("shop @ git+http://git.example.com/shop.git@v1\\nfastapi==0.120.0\\n")
    ['http://git.example.com/shop.git@v1']
    """
    urls = []
    for line in lines(text):
        for match in _URL.finditer(line):
            url = match[1]
            if plain_transport(url) and not ("--hash=" in line or _FIXED.search(url)):
                urls.append(_USER.sub("://", url))
    return list(dict.fromkeys(urls))
