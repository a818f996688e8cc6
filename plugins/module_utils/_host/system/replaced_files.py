"""Files that run in a process although an upgrade has replaced them: libraries, modules, and its program itself.

The kernel keeps a file for as long as it is mapped; /proc/PID/maps shows that its name is gone, or another file's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
# Where packages and interpreters install; elsewhere programs delete files of their own that they run.
_INSTALLED = ("/usr/", "/lib", "/bin/", "/sbin/", "/opt/")
_DELETED = " (deleted)"
# Address, rights, offset, device, inode and path: proc_pid_maps(5). The path may contain spaces.
_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ ..(.). [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ +(/.*)")
_SERVICE = re.compile(r"/([^/\n]+\.service)(?:/|$)", re.MULTILINE)


@dataclass(frozen=True)
class ReplacedFiles:
    """Files that processes run although they were replaced.

    Attributes:
        paths: of these files, in order.
        since: when the first of them was replaced, in seconds of the epoch; None if no file has such a name any more.
    """

    paths: tuple[str, ...] = ()
    since: float | None = None

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.paths)


def replaced_paths(maps: str) -> set[str]:
    """Return the installed files that a process runs although they were deleted, from the text of its maps."""
    found = set()
    for line in maps.splitlines():
        if _DELETED not in line or not (mapping := _MAPPING.fullmatch(line)):
            continue
        runs, path = mapping.groups()
        if runs == "x" and path.endswith(_DELETED) and path.startswith(_INSTALLED):
            found.add(path.removesuffix(_DELETED))
    return found


def service_of(cgroups: str) -> str | None:
    """Return the service that a process belongs to, from the text of its cgroups; None if it belongs to none.

    >>> service_of("0::/system.slice/nginx.service")
    'nginx.service'
    """
    found = _SERVICE.findall(cgroups)
    return found[-1] if found else None


def find_replaced(services: Iterable[str]) -> dict[str, ReplacedFiles]:
    """Return the replaced files that services run, by their names; none of a service that runs only what is there."""
    paths: dict[str, set[str]] = {name: set() for name in services}
    for process in PROC.iterdir() if paths else ():
        if process.name.isdecimal() and (service := service_of(_text(process / "cgroup"))) in paths:
            paths[service] |= replaced_paths(_text(process / "maps"))
    return {service: describe_replaced(found) for service, found in paths.items() if found}


def replaced_of(process: int) -> ReplacedFiles:
    """Return the replaced files that one process runs."""
    return describe_replaced(replaced_paths(_text(PROC / str(process) / "maps")))


def describe_replaced(paths: Iterable[str]) -> ReplacedFiles:
    """Return these files, with the time at which the first was replaced."""
    found = tuple(sorted(paths))
    times = [Path(path).stat().st_ctime for path in found if Path(path).exists()]
    return ReplacedFiles(found, min(times, default=None))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:  # the process has ended
        return ""
