"""Hashes of requirements: which requirements have none, and which entries of a lock are not installed yet."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_lines import lines

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_PINNED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")


def entries(text: str) -> list[str]:
    """Return the requirements in a file's text, each in one line, without comments and without lines of options."""
    return [line for line in lines(text) if not line.startswith("-") or re.match(r"(-e|--editable)\b", line)]


def unhashed(text: str) -> list[str]:
    """Return the requirements without a hash, by name if they have one.

    >>> unhashed("a==1 --hash=sha256:0\\nb==2\\n-e ./c\\n")
    ['b', '-e ./c']
    """
    open_lines = [line for line in entries(text) if "--hash=" not in line]
    return [name[1] if (name := _NAME.match(line)) and not line.startswith("-") else line for line in open_lines]


def hashed(text: str) -> bool:
    """Return whether all of the requirements have hashes, and there is at least one."""
    return bool(entries(text)) and not unhashed(text)


def pins(text: str) -> dict[str, str]:
    """Return the exact versions in a file's text, by normalised name."""
    return {normalised(match[1]): match[2] for line in entries(text) if (match := _PINNED.match(line))}


def without(text: str, installed: Collection[str] | Mapping[str, str]) -> str:
    """Return the entries of a lock whose distributions are not installed yet; `installed` has normalised names."""
    missing = [line for line in entries(text) if (name := _NAME.match(line)) and normalised(name[1]) not in installed]
    return "".join(f"{line}\n" for line in missing)


def unlocked(lock: str, requirements: Iterable[str]) -> list[str]:
    """Return the requirements that a lock does not contain in the same version."""
    known = pins(lock)
    return [item for item in requirements if known.get(normalised(item.partition("==")[0])) != item.partition("==")[2]]


def unpinned(requirements: Iterable[str], text: str) -> list[str]:
    """Return those requirements that an application does not have with hashes either.

    Args:
        requirements: that no lock contains.
        text: the requirements of the application.
    """
    hashed_too = {normalised(name[1]) for line in entries(text) if "--hash=" in line and (name := _NAME.match(line))}
    return [item for item in requirements if normalised(item.partition("==")[0].partition("[")[0]) not in hashed_too]


def installable(server: Iterable[str], installed: Mapping[str, str]) -> list[str]:
    """Return the server's requirements, without the version of those that the application has installed.

    >>> installable(["gunicorn==27.0.1", "uvicorn==0.54.0"], {"uvicorn": "0.50.0"})
    ['gunicorn==27.0.1', 'uvicorn']
    """
    requirements = []
    for requirement in server:
        name = requirement.split("==", 1)[0]
        requirements.append(name if normalised(name.split("[", 1)[0]) in installed else requirement)
    return requirements


def normalised(name: str) -> str:
    """Return a distribution's name in the form that all its spellings have in common."""
    return re.sub(r"[-_.]+", "-", name).lower()
