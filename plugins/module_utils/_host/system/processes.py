"""Processes of a service, read from /proc."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def parents() -> dict[int, int]:
    """Every process with its parent."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        # The name before it may hold spaces and parentheses: proc_pid_stat(5).
        found[int(folder.name)] = int(text[text.rindex(")") + 2 :].split()[1])
    return found


def family(main: int, parent_of: Mapping[int, int]) -> set[int]:
    """A process and all that descend from it."""
    members = {main} if main in parent_of else set()
    grown = True
    while grown:
        children = {child for child, parent in parent_of.items() if parent in members} - members
        members |= children
        grown = bool(children)
    return members
