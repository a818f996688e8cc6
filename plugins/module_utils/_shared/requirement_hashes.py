"""Requirements with hashes: which have none, and which of a lock's are still missing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_lines import lines

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_PINNED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")


def entries(text: str) -> list[str]:
    """The requirements in a file's text, each in one line; options of a line of their own and comments are left out."""
    return [line for line in lines(text) if not line.startswith("-") or re.match(r"(-e|--editable)\b", line)]


def unhashed(text: str) -> list[str]:
    """The requirements that have no hash, by name where they have one.

    >>> unhashed("a==1 --hash=sha256:0\\nb==2\\n-e ./c\\n")
    ['b', '-e ./c']
    """
    wrong = [line for line in entries(text) if "--hash=" not in line]
    return [name[1] if (name := _NAME.match(line)) and not line.startswith("-") else line for line in wrong]


def hashed(text: str) -> bool:
    """Whether all of the requirements have hashes, and there is at least one."""
    return bool(entries(text)) and not unhashed(text)


def pins(text: str) -> dict[str, str]:
    """Names and exact versions in a file's text."""
    return {normalised(found[1]): found[2] for line in entries(text) if (found := _PINNED.match(line))}


def without(text: str, installed: Collection[str] | Mapping[str, str]) -> str:
    """The entries of a lock whose distributions are not installed yet; `installed` has normalised names."""
    left = [line for line in entries(text) if (name := _NAME.match(line)) and normalised(name[1]) not in installed]
    return "".join(f"{line}\n" for line in left)


def unlocked(lock: str, wanted: Iterable[str]) -> list[str]:
    """The requirements that a lock does not hold in the very same version."""
    known = pins(lock)
    return [item for item in wanted if known.get(normalised(item.partition("==")[0])) != item.partition("==")[2]]


def unpinned(wanted: Iterable[str], text: str) -> list[str]:
    """Of requirements that no lock holds, those that an application does not have with hashes either."""
    hashed_too = {normalised(name[1]) for line in entries(text) if "--hash=" in line and (name := _NAME.match(line))}
    return [item for item in wanted if normalised(item.partition("==")[0].partition("[")[0]) not in hashed_too]


def installable(wanted: Iterable[str], installed: Mapping[str, str]) -> list[str]:
    """The server's requirements beside what the application has locked, by normalised name: the latter's version wins.

    >>> installable(["gunicorn==27.0.1", "uvicorn==0.54.0"], {"uvicorn": "0.50.0"})
    ['gunicorn==27.0.1', 'uvicorn']
    """
    requirements = []
    for requirement in wanted:
        name = requirement.split("==", 1)[0]
        requirements.append(name if normalised(name.split("[", 1)[0]) in installed else requirement)
    return requirements


def normalised(name: str) -> str:
    """A distribution's name as all its spellings have it in common."""
    return re.sub(r"[-_.]+", "-", name).lower()
