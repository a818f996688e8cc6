"""Requirements of an application, from which wheels are fetched on the controller without running anything of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_lines import points_into_tree

# What an installer takes besides requirements, and that has nothing built.
_OPTIONS = frozenset(
    (
        *("--index-url", "-i", "--extra-index-url", "--no-index", "--find-links", "-f", "--trusted-host"),
        *("--only-binary", "--prefer-binary", "--require-hashes", "--pre"),
    )
)
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)")
_OPTION = re.compile(r"(--?[a-z-]+)")
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


def refuse_builds(text: str, source: str, elsewhere: Sequence[str] = ()) -> None:
    """Refuse requirements that name anything but distributions and wheels.

    Args:
        text: of a file, and of all that it includes.
        source: what it is called in a message.
        elsewhere: what is included that is not in `text`.

    Raises:
        DeployError: a line names a folder, a repository, an archive of source, or a file elsewhere.
    """
    wrong = [f"includes {name!r}, which is no file of its tree" for name in elsewhere]
    wrong += [f"has the line {line!r}" for line in lines(text) if not _is_harmless(line)]
    if wrong:
        raise DeployError(f"wheelhouse: {source} {wrong[0]}; {_ADVICE}")


def _is_harmless(line: str) -> bool:
    if _INCLUDE.match(line):
        return True
    option = _OPTION.match(line)
    return option[1] in _OPTIONS if option else _is_fetched(line)


def lines(text: str) -> list[str]:
    """Return the lines of requirements as installers read them: continued ones as one, and without comments."""
    whole = re.sub(r"\\\n", " ", text)
    stripped = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in whole.splitlines())
    return [line for line in stripped if line]


def _is_fetched(line: str) -> bool:
    if points_into_tree(line):
        return False
    text = _HASH.sub("", f"{line} ").strip()
    if _NAMED.fullmatch(text):
        return True
    wheel = _WHEEL.fullmatch(text)
    return wheel is not None and urlsplit(wheel[1]).path.endswith(".whl")
