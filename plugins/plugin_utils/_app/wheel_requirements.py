"""Requirements of an application, from which wheels are fetched on the controller without running anything of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_lines import lines, points_into_tree

# Options of an installer by which nothing is built; a line may have several.
_FLAG = r"--no-index|--prefer-binary|--require-hashes|--pre|--only-binary[ =]\s*:all:"
_VALUED = r"(?:--index-url|-i|--extra-index-url|--find-links|-f|--trusted-host)(?:=|\s+)\S+"
_OPTIONS = re.compile(rf"(?:{_FLAG}|{_VALUED})(?:\s+(?:{_FLAG}|{_VALUED}))*")
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]?\s*[^\s-]\S*")
_HASH = re.compile(r"\s--hash[ =]\S+")
# A distribution, with versions and for some environments, as in PEP 508.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\s*\[[A-Za-z0-9._,\s-]*\])?"
_VERSION = r"(?:===|~=|==|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+"
_MARKER = r"(?:\s*;[^\n]*)?"
_NAMED = re.compile(rf"{_NAME}\s*\(?\s*(?:{_VERSION}(?:\s*,\s*{_VERSION})*)?\s*\)?{_MARKER}")
_WHEEL = re.compile(rf"{_NAME}\s*@\s*(https?://[^\s;]+){_MARKER}")
_ADVICE = (
    "nothing of a repository is run on the controller, which only fetches wheels; write names with versions, "
    "or leave wheelhouse out"
)


def refuse_builds(files: Mapping[str, str | None], where: str) -> None:
    """Refuse requirements that name anything but distributions and wheels.

    Args:
        files: texts of a file and of all that it includes, by their names; one that is not in its tree has no text.
        where: what the application is called in a message.

    Raises:
        DeployError: a line names a folder, a repository, an archive of source, or a file elsewhere.
    """
    for name, text in files.items():
        if text is None:
            raise DeployError(f"wheelhouse: {where} includes {name!r}, which is no file of its tree; {_ADVICE}")
        for line in lines(text):
            if not _is_harmless(line):
                raise DeployError(f"wheelhouse: {name} of {where} has the line {line!r}; {_ADVICE}")


def _is_harmless(line: str) -> bool:
    """Return whether a line of requirements has nothing built."""
    return bool(_INCLUDE.fullmatch(line) or _OPTIONS.fullmatch(line)) or _is_fetched(line)


def _is_fetched(line: str) -> bool:
    """Return whether a requirement names a distribution or a wheel."""
    if points_into_tree(line):
        return False
    text = _HASH.sub("", f"{line} ").strip()
    if _NAMED.fullmatch(text):
        return True
    wheel = _WHEEL.fullmatch(text)
    return wheel is not None and urlsplit(wheel[1]).path.endswith(".whl")
