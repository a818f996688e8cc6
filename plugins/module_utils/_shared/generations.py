"""Generations of a release or an environment: the same inputs, built again where one of them is damaged.

The first has no number, those that follow have `.2`, `.3`, … behind their name. All are one release: the newest whole
one stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

# A release's name ends with a digest, and that of an environment is one.
_NAMED = re.compile(r"(.*[0-9a-f]{8})\.([2-9]|[1-9][0-9]+)")


def origin(name: str) -> str:
    """Return the name of the first generation, by which all of them are one.

    >>> origin("v1.0.0-9747566f.2")
    'v1.0.0-9747566f'
    """
    found = _NAMED.fullmatch(name)
    return found[1] if found else name


def number(name: str) -> int:
    """Return which generation it is, from 1."""
    found = _NAMED.fullmatch(name)
    return int(found[2]) if found else 1


def newest_first(name: str, there: Iterable[str]) -> list[str]:
    """Return the generations of a name, from names that are there."""
    return sorted((one for one in there if origin(one) == origin(name)), key=number, reverse=True)


def following(name: str, taken: Collection[str]) -> str:
    """Return the name of the generation to build next, where these are taken.

    >>> following("v1.0.0-9747566f", {"v1.0.0-9747566f", "v1.0.0-9747566f.3", "v1.1.0-0a2b3c4d"})
    'v1.0.0-9747566f.4'
    """
    known = newest_first(name, taken)
    return f"{origin(name)}.{number(known[0]) + 1}" if known else origin(name)


def standing(name: str, there: Collection[str], taken: Collection[str], whole: Callable[[str], bool]) -> str:
    """Return the generation that stands for a name: its newest whole one, or else the one to build next.

    Args:
        name: of any generation.
        there: names of what is there and complete.
        taken: further names, which must not be used again.
        whole: whether nothing of one that is there is damaged.
    """
    found = next((one for one in newest_first(name, there) if whole(one)), None)
    return found or following(name, {*there, *taken})


def superseded(there: Iterable[str]) -> set[str]:
    """Return those of names of which a newer generation is there."""
    names = list(there)
    return {one for one in names if newest_first(one, names)[0] != one}
