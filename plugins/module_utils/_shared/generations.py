"""Generations of a release or an environment: the same inputs, built again where one of them is damaged.

The first one has no number, the following ones end with `.2`, `.3` and so on. All are one release, represented by the
newest one without damage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

# A release's name ends with a digest, and that of an environment is one.
_NAMED = re.compile(r"(.*[0-9a-f]{8})\.([2-9]|[1-9][0-9]+)")


def origin(name: str) -> str:
    """Return the name of the first generation, which all of them have in common.

    >>> origin("v1.0.0-9747566f.2")
    'v1.0.0-9747566f'
    """
    match = _NAMED.fullmatch(name)
    return match[1] if match else name


def number(name: str) -> int:
    """Return the number of a generation, from 1."""
    match = _NAMED.fullmatch(name)
    return int(match[2]) if match else 1


def newest_first(name: str, present: Iterable[str]) -> list[str]:
    """Return those of the present names that are generations of a name."""
    return sorted((other for other in present if origin(other) == origin(name)), key=number, reverse=True)


def following(name: str, taken: Collection[str]) -> str:
    """Return the name of the next generation, if these names are taken.

    >>> following("v1.0.0-9747566f", {"v1.0.0-9747566f", "v1.0.0-9747566f.3", "v1.1.0-0a2b3c4d"})
    'v1.0.0-9747566f.4'
    """
    known = newest_first(name, taken)
    return f"{origin(name)}.{number(known[0]) + 1}" if known else origin(name)


def standing(name: str, present: Collection[str], taken: Collection[str], whole: Callable[[str], bool]) -> str:
    """Return the generation that represents a name: the newest one without damage, or else the next one to build.

    Args:
        name: of any generation.
        present: names of generations that are complete.
        taken: further names, which must not be used again.
        whole: returns whether nothing of a present generation is damaged.
    """
    newest = next((other for other in newest_first(name, present) if whole(other)), None)
    return newest or following(name, {*present, *taken})


def superseded(present: Iterable[str]) -> set[str]:
    """Return those of the present names that have a newer generation."""
    names = list(present)
    return {name for name in names if newest_first(name, names)[0] != name}
