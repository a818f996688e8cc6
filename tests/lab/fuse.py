"""A fuse for the machine: what a host may have of processes and memory at most.

Guests get no such controllers of their own on a machine with cgroup v1, so that a fork bomb in one would take the
machine down. There each host is put into groups of these controllers besides; with cgroup v2 its own group has limits.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PARENT = "asgi-lab"
PROCESSES = 2048  # and threads; a host of the tests has some hundred
MEMORY_SHARE = 2  # a host may take this part of the machine's memory
FILES_V1 = {"pids": "pids.max", "memory": "memory.limit_in_bytes"}
FILES_V2 = {"pids": "pids.max", "memory": "memory.max"}


def limits() -> dict[str, int]:
    """Return the limit of each controller."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"pids": PROCESSES, "memory": memory // MEMORY_SHARE}


def hierarchies(mounts: str) -> dict[str, Path]:
    """Return where cgroup v1 has these controllers, from the text of /proc/self/mounts."""
    result: dict[str, Path] = {}
    for line in mounts.splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup":
            result |= {name: Path(point) for name in FILES_V1 if name in options.split(",")}
    return result


def mounted() -> dict[str, Path]:
    """Return where they are on this machine."""
    return hierarchies(Path("/proc/self/mounts").read_text())


def groups(host: str) -> list[Path]:
    """Return the groups of a host in the hierarchies of cgroup v1."""
    return [point / PARENT / host for point in mounted().values()]


def prepare(host: str, root: Path) -> list[Path]:
    """Make the groups of a host, with their limits, and let groups of cgroup v2 below `root` have theirs.

    Returns:
        The groups that the host's first process enters.
    """
    for name, point in mounted().items():
        group = point / PARENT / host
        group.mkdir(parents=True, exist_ok=True)
        (group / FILES_V1[name]).write_text(str(limits()[name]))
    for folder in (root, root / PARENT):
        folder.mkdir(exist_ok=True)
        for name in set(FILES_V2) & set((folder / "cgroup.controllers").read_text().split()):
            with contextlib.suppress(OSError):  # of a group that has processes itself
                (folder / "cgroup.subtree_control").write_text(f"+{name}")
    return groups(host)


def of_unified() -> str:
    """Return lines of shell that set the limits of the group `$cgroup` of cgroup v2, where it has such controllers."""
    lines = [f'[ ! -e "$cgroup/{file}" ] || echo {limits()[name]} >"$cgroup/{file}"' for name, file in FILES_V2.items()]
    return "\n  ".join(lines)
