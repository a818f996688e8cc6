"""Units that an application needs: whether the host has them, and which unit a wrong name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import UNIT_SUFFIXES

_SHOWN = 3
_SIMILAR = 0.7


def unmet_needs(names: Sequence[str]) -> list[str]:
    """Return what is wrong with the units that an application needs; a unit may be stopped, but it must exist."""
    absent = [unit for unit in systemd.show(*names) if not unit.present]
    known = systemd.known_units() if absent else ()
    return [describe_need(unit, known) for unit in absent]


def describe_need(unit: systemd.Unit, known: Iterable[str]) -> str:
    """Return what is wrong with a unit that cannot be started, and what to write or to do instead."""
    beginning = f"needs: found {unit.name!r}"
    state = unit.properties.get("LoadState")
    if state == "masked":
        return f"{beginning}, which is masked on this host; run systemctl unmask {unit.name}, or leave it out"
    if state != "not-found":
        return f"{beginning}, which systemd cannot load on this host ({state}); systemctl status {unit.name} says why"
    if similar := similar_units(unit.name, known):
        return f"{beginning}, which this host does not have; it has {', '.join(similar)}"
    return f"{beginning}, which this host does not have; install what brings it before this run, or leave it out"


def similar_units(name: str, known: Iterable[str]) -> list[str]:
    """Return units that a name was most likely meant to be, the nearest first, without instances of templates."""
    likeness = {other: _likeness(_stem(name), _stem(other)) for other in known}
    similar = [other for other, ratio in likeness.items() if ratio >= _SIMILAR and other.endswith(UNIT_SUFFIXES)]
    return sorted((other for other in similar if "@" not in other), key=lambda other: (-likeness[other], other))[
        :_SHOWN
    ]


def _likeness(name: str, other: str) -> float:
    """Return how similar two names are; a name that is part of the other, as redis of redis-server, comes first."""
    short, long = sorted((name, other), key=len)
    part = len(short) > 2 and short in long
    return difflib.SequenceMatcher(None, name, other).ratio() + part


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
