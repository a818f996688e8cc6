"""Specifiers of Python's versions, as `requires-python` has them."""

from __future__ import annotations

import re
from collections.abc import Callable

Version = tuple[int, ...]

_CLAUSE = re.compile(r"(~=|===?|!=|<=?|>=?)\s*v?(\d+(?:\.\d+)*)(\.\*)?(?:[._-]?(?:a|b|rc|dev|post)[._-]?\d*)*")
_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    "<=": lambda found, limit: found <= limit,
    ">=": lambda found, limit: found >= limit,
    "<": lambda found, limit: found < limit,
    ">": lambda found, limit: found > limit,
}


def parse_version(text: str) -> Version:
    """Return the numbers of a version.

    >>> parse_version("3.13.5")
    (3, 13, 5)
    """
    return tuple(map(int, text.split(".")))


def satisfies(version: Version, specifier: str) -> bool:
    """Return whether a version of Python satisfies a specifier. Parts that mark a pre-release are left out.

    >>> satisfies((3, 13, 5), ">=3.11,<3.14"), satisfies((3, 13, 5), "==3.12.*")
    (True, False)

    Raises:
        ValueError: the specifier cannot be read.
    """
    return all(_satisfies(version, clause.strip()) for clause in specifier.split(",") if clause.strip())


def _satisfies(version: Version, clause: str) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if match is None or (match[3] and match[1] not in ("==", "!=")):
        raise ValueError(f"found {clause!r}, expected a specifier of versions, as in >=3.11")
    operator, limit = match[1], parse_version(match[2])
    if operator == "~=":
        if len(limit) < 2:
            raise ValueError(f"found {clause!r}, expected two numbers at least, as in ~=3.11")
        return _padded(version, len(limit)) >= limit and version[: len(limit) - 1] == limit[:-1]
    if operator in ("==", "===", "!="):
        prefix = version[: len(limit)] if match[3] else version
        same = _padded(prefix, len(limit)) == _padded(limit, len(prefix))
        return same is not operator.startswith("!")
    size = max(len(version), len(limit))
    return _COMPARE[operator](_padded(version, size), _padded(limit, size))


def _padded(version: Version, size: int) -> Version:
    return version + (0,) * (size - len(version))
