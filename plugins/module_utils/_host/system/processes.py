"""Processes of a service, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Mapping

_BOOT = "/proc/sys/kernel/random/boot_id"
_ENDED = ("Z", "X")  # states of a process that is still listed


def parents() -> dict[int, int]:
    """Return the parent of every process, by number."""
    parent_of = {}
    for number in map(int, filter(str.isdecimal, os.listdir("/proc"))):
        if fields := _stat(number):
            parent_of[number] = int(fields[1])
    return parent_of


def identity(number: int) -> str:
    """Return what identifies a process for good: its number, its start and the boot; empty if it has ended."""
    if not (start := start_ticks(number)):
        return ""
    with open(_BOOT, encoding="ascii") as file:
        return f"{number} {start} {file.read().strip()}"


def is_running(identified: str) -> bool:
    """Return whether the process that :func:`identity` returned this for still runs."""
    number = identified.partition(" ")[0]
    return number.isdecimal() and identity(int(number)) == identified


def start_ticks(number: int) -> int:
    """Return when a process began, in ticks since the boot; 0 if it has ended."""
    fields = _stat(number)
    return int(fields[19]) if fields and fields[0] not in _ENDED else 0


def _stat(number: int) -> list[str]:
    """Return the fields of proc_pid_stat(5) of a process, from its state on; none if it does not exist."""
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return []
    # The name before it may hold spaces and parentheses.
    return text[text.rindex(")") + 2 :].split()


def descendants(main: int, parent_of: Mapping[int, int]) -> set[int]:
    """Return a process and all processes that descend from it; none if it does not exist."""
    members = {main} if main in parent_of else set()
    grown = True
    while grown:
        children = {child for child, parent in parent_of.items() if parent in members} - members
        members |= children
        grown = bool(children)
    return members
