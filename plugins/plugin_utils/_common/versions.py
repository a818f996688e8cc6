"""Versions of the programs that a host has: what it can do depends on them, and not on the name of its system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

Version: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Versions:
    """The versions of programs that decisions depend on, as their authors count them."""

    nginx: Version
    openssl: Version
    openssh: Version
    systemd: Version
    python: Version
    glibc: Version

    def observed(self, texts: Mapping[str, str]) -> Versions:
        """Return these versions, with those that a host reports in their place.

        Args:
            texts: versions by the names of the fields; programs that are not installed yet are missing.
        """
        return replace(self, **{name: parse(text) for name, text in texts.items() if name in PROGRAMS})

    def below(self, least: Versions) -> list[str]:
        """Return the names of programs that are older than they must be."""
        return [name for name in PROGRAMS if _of(self, name) < _of(least, name)]

    def differing(self, other: Versions) -> list[str]:
        """Return the names of programs whose versions differ, as far as these versions have numbers: 1.26.3 is 1.26."""
        return [name for name in PROGRAMS if _of(other, name)[: len(_of(self, name))] != _of(self, name)]


PROGRAMS = tuple(field.name for field in fields(Versions))


def parse(text: str) -> Version:
    """Return a version from its numbers.

    >>> parse("1.26.3")
    (1, 26, 3)
    """
    return tuple(map(int, text.split(".")))


def written(version: Version) -> str:
    """Return a version as text.

    >>> written((1, 26, 3))
    '1.26.3'
    """
    return ".".join(map(str, version))


def _of(versions: Versions, name: str) -> Version:
    version: Version = getattr(versions, name)
    return version
