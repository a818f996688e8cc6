"""What runs beside the server of a release: its processes, its jobs with their timers, and the target of them all.

Of all releases of an application only the live one's target is up; what moves them from one to the other is here.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import JOURNAL_LINES
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.restarts import RestartWatcher
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, memory, processes, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import release_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import LAUNCHER

STAMPS = Path("/var/lib/systemd/timers")  # when a persistent timer was last due: systemd.timer(5)
# Units of which a release has any number; the last are commands that somebody runs in it: asgi.deploy.exec.
_KINDS = ("live", "process-*", "timer-*", "job-*", "exec-*")
_MOVED = ("live", "process-*", "timer-*")  # what of these moves from release to release
_AT_WORK = ("active", "activating")
_BUSY = (*_AT_WORK, "deactivating", "reloading")
_RUNNING = ",".join(_AT_WORK)
_TIMER_PROPERTIES = "Id,ActiveState,SubState,NextElapseUSecRealtime,LastTriggerUSec"


class BackgroundUnits:
    """The work of one release: by the units on disk, or of the kinds given, on disk or not."""

    def __init__(self, layout: Layout, release: str, kinds: Iterable[str] | None = None) -> None:
        self.layout = layout
        self.release = release
        names = _on_disk(layout, release) if kinds is None else [layout.unit(kind, release) for kind in kinds]
        self.units = sorted(
            name for name in names if layout.kind(name).startswith(("process-", "timer-", "job-", "live"))
        )
        self.files = [Path(UNITS, name) for name in self.units]
        self.processes = self._of("process-")
        self.timers = self._of("timer-")
        self.jobs = self._of("job-")
        self.moved = [*self._of("live"), *self.processes, *self.timers]

    def is_up(self, shown: Mapping[str, systemd.Unit] | None = None) -> bool:
        """Whether all of it runs, or waits for its time, with the units as they are on disk."""
        shown = shown or systemd.show_by_name(*self.moved)
        return all(shown[name].settled for name in self.moved)

    def exclusive(self) -> list[str]:
        """The processes that must not run while another release's of the same name do."""
        return [name for name in self.processes if _is_exclusive(_text(Path(UNITS, name)))]

    def missing_programs(self) -> str | None:
        """What cannot be started because its program is not there; nothing when all are."""
        venv = Path(self.layout.release(self.release), "venv", "bin")
        for name in (*self.processes, *self.jobs):
            program = command_of(_text(Path(UNITS, name)))
            if find_program(program, venv) is None:
                return f"{describe_kind(self.layout.kind(name))}: its program {program} {describe_search(venv)}"
        return None

    def stop_soon(self) -> None:
        """Tells processes and timers to stop, without waiting; a job that runs ends in peace."""
        # Those whose unit was removed from the disk, too.
        find_loaded = systemd.list_units(*(self.layout.unit(kind, self.release) for kind in _MOVED), states=_RUNNING)
        if names := list(dict.fromkeys([*self.moved, *find_loaded])):
            systemd.stop_soon(*names)

    def stop(self) -> None:
        """Stops everything, jobs and commands that somebody runs included."""
        exec_units = systemd.list_units(self.layout.unit("exec-*", self.release))
        if units := [*self.moved, *self.jobs, *exec_units]:
            _stop(units)
            systemd.reset_failed(*units)

    def remove_units(self) -> None:
        """Removes its units, once all has ended, and what systemd notes about them."""
        if self.units:
            systemd.reset_failed(*self.units)
        for file in (*self.files, *map(_stamp, self.timers)):
            file.unlink(missing_ok=True)

    def memory(self) -> int:
        """Bytes that its processes use."""
        mains = [int(unit.properties.get("MainPID") or 0) for unit in systemd.show(*self.processes)]
        parent_of = processes.parents() if any(mains) else {}
        return memory.used_by(set().union(*(processes.descendants(main, parent_of) for main in mains if main)))

    def describe(self) -> dict[str, dict[str, Any]]:
        """How its processes and jobs are."""
        parent_of = processes.parents() if self.processes else {}
        units = {unit.name: unit.properties for unit in systemd.show(*self.processes, *self.jobs)}
        timers = {unit.name: unit.properties for unit in systemd.show(*self.timers, properties=_TIMER_PROPERTIES)}
        told: dict[str, dict[str, Any]] = {"processes": {}, "jobs": {}}
        for name in self.processes:
            process, number = self.layout.kind(name)[len("process-") :].rsplit("-", 1)
            main = int(units[name].get("MainPID") or 0)
            told["processes"][f"{process}-{number}"] = {
                **systemd.Unit(name, units[name]).told(),
                "memory": memory.used_by(processes.descendants(main, parent_of)) if main else 0,
            }
        for name in self.jobs:
            timer = timers.get(f"{name.removesuffix('.service')}.timer", {})
            told["jobs"][self.layout.kind(name)[len("job-") :]] = {
                "state": f"{timer.get('ActiveState')} ({timer.get('SubState')})",
                "next": timer.get("NextElapseUSecRealtime") or None,
                "last": timer.get("LastTriggerUSec") or None,
                "result": units[name].get("Result"),
            }
        return told

    def log(self, since: float, names: Collection[str] = ()) -> str:
        """The most telling lines of processes."""
        return journal.read(names or self.processes, JOURNAL_LINES, since) if names or self.processes else ""

    def down(self) -> list[systemd.Unit]:
        """The processes that do not run."""
        return [unit for unit in systemd.show(*self.processes) if not unit.active]

    def watch_restarts(self) -> RestartWatcher:
        """Return what tells, from now on, whether one of its processes has ended."""
        return RestartWatcher({name: describe_kind(self.layout.kind(name)) for name in self.processes})

    def _of(self, kind: str) -> list[str]:
        return [name for name in self.units if self.layout.kind(name).startswith(kind)]


def switch_background_units(layout: Layout, release: str, wait: bool = True) -> None:
    """Moves the work to a release: that of all others is told to stop, and only an exclusive process is waited for.

    Everything of it can be done again; the target comes last, and says that all was done.

    Args:
        layout: of the application.
        release: the release that has just become the live one.
        wait: whether to wait until its processes run.

    Raises:
        DeployError: a process could not be started, with its log.
    """
    work = BackgroundUnits(layout, release)
    for other in sorted(releases_at_work(layout) - {release}):
        BackgroundUnits(layout, other).stop_soon()
    if any(unit.stale for unit in systemd.show(*work.moved)):
        systemd.daemon_reload()
    # What failed in a release that was replaced is of no concern to whoever looks at the host.
    failed = [name for name in _units_in(layout, "failed", _KINDS[:-1]) if release_of(name) != release]
    systemd.reset_failed(*work.moved, *failed)
    _take_stamps(layout, work.timers)
    alone = work.exclusive()
    _start(work, [name for name in (*work.processes, *work.timers) if name not in alone], wait)
    if rivals := _rivals(layout, release, alone):
        _stop(rivals)
    _start(work, work.moved, wait)


def releases_at_work(layout: Layout) -> set[str]:
    """The releases whose processes or timers run and were not told to stop."""
    return find_loaded(layout).at_work


def busy_releases(layout: Layout) -> set[str]:
    """The releases of which anything beside the server runs, be it to its end."""
    return find_loaded(layout).busy


@dataclass(frozen=True)
class LoadedReleases:
    """The releases of an application of which systemd has something, from one question to it."""

    serving: set[str]  # a socket or a service, even a failed one
    at_work: set[str]  # as at_work says
    busy: set[str]  # as busy says


def find_loaded(layout: Layout) -> LoadedReleases:
    """Ask systemd for the units of all releases."""
    found = systemd.unit_states(*(layout.unit(kind, "*") for kind in ("socket", "service", *_KINDS)))
    servers = {name for name in found if layout.kind(name) in ("socket", "service")}
    moved = {name for name in found if layout.kind(name).startswith(("live", "process-", "timer-"))}
    return LoadedReleases(
        serving={release_of(name) for name in servers},
        at_work={release_of(name) for name in moved if found[name] in _AT_WORK},
        busy={release_of(name) for name in found.keys() - servers if found[name] in _BUSY},
    )


def check_units(units: Mapping[str, str]) -> None:
    """Has the host's own systemd read what only it can judge in the texts of units, by kind; raises DeployError."""
    check_schedules(units)
    check_calls(units)


def check_schedules(units: Mapping[str, str]) -> None:
    """Has the host's own systemd read the schedules in the texts of units, by kind.

    Raises:
        DeployError: it does not understand one; with its own words.
    """
    for kind, text in units.items():
        if kind.startswith("timer-"):
            calendar = _value(text, "OnCalendar")
            result = run_unchecked(["systemd-analyze", "calendar", "--", calendar])
            if result.returncode:
                raise DeployError(
                    f"{describe_kind(kind)}: found the schedule {calendar!r}, expected a calendar event as in "
                    f"systemd.time(7), such as daily or Mon..Fri 04:30; systemd says: {last_lines(result, 1)}"
                )


def check_calls(units: Mapping[str, str]) -> None:
    """Has the host's own systemd say whether it knows the system calls that the texts of units allow by name.

    It would pass over one that it does not know, with a warning in its log alone.

    Raises:
        DeployError: it does not know one.
    """
    lines = (line.partition("=")[2] for text in units.values() for line in text.splitlines() if _allows_calls(line))
    named = {name for line in lines for name in line.split() if not name.startswith("@")}
    if named and (unknown := named.difference(run(["systemd-analyze", "syscall-filter", "@known"]).split())):
        raise DeployError(
            f"sandbox.syscalls: found {', '.join(sorted(unknown))}, which this host does not know; "
            "`systemd-analyze syscall-filter` shows those that it does"
        )


def _allows_calls(line: str) -> bool:
    return line.startswith("SystemCallFilter=") and not line.startswith("SystemCallFilter=~")


def find_program(program: str, venv: Path) -> str | None:
    """Where a program is, as a unit of a release finds it."""
    return shutil.which(program, path=f"{venv}:/usr/local/bin:/usr/bin:/bin")


def describe_search(venv: Path) -> str:
    """Return in words where :func:`find_program` has looked in vain."""
    return f"is neither in {venv} nor in /usr/local/bin, /usr/bin and /bin"


def describe_kind(kind: str) -> str:
    """A kind of unit as a user knows it: process and number, or job."""
    if kind.startswith("process-"):
        name, number = kind[len("process-") :].rsplit("-", 1)
        return f"process {name} ({number})" if number != "1" else f"process {name}"
    return f"job {kind.split('-', 1)[1]}"


def command_of(text: str) -> str:
    """The program that a unit's text starts."""
    words = shlex.split(_value(text, "ExecStart"))
    launcher = LAUNCHER.split()[1:]
    if words[1 : 1 + len(launcher)] == launcher:
        words = words[1 + len(launcher) :]
    return words[0] if words else ""


def latest_by_timer(stamps: Iterable[tuple[str, float]]) -> dict[str, float]:
    """For each timer, without its release, when it was last due in any release: from pairs of unit and time."""
    found: dict[str, float] = {}
    for unit, at in stamps:
        name = unit.split("@", 1)[0]
        found[name] = max(at, found.get(name, at))
    return found


def _units_in(layout: Layout, states: str, kinds: Iterable[str] = _KINDS) -> list[str]:
    """The units beside servers, of all releases, that are in one of these states."""
    return systemd.list_units(*(layout.unit(kind, "*") for kind in kinds), states=states)


def _take_stamps(layout: Layout, timers: Collection[str]) -> None:
    """A job that was due in another release is neither run again nor forgotten because the release is a new one."""
    pattern = f"stamp-{layout.unit('timer-*', '*')}"
    stamps = [(path.name[len("stamp-") :], path.stat().st_mtime) for path in STAMPS.glob(pattern)]
    due = latest_by_timer(stamps)
    own = dict(stamps)
    for timer in timers:
        at = due.get(timer.split("@", 1)[0])
        if at is not None and own.get(timer, 0) < at:
            _stamp(timer).touch()
            os.utime(_stamp(timer), (at, at))


def _rivals(layout: Layout, release: str, alone: Collection[str]) -> list[str]:
    """Processes of other releases that must have ended before this release's exclusive ones start."""
    names = {_process(name) for name in alone}
    running = systemd.list_units(layout.unit("process-*", "*"), states=",".join(_BUSY))
    others = [name for name in running if release_of(name) != release]
    return [name for name in others if _process(name) in names or _is_exclusive(_text(Path(UNITS, name)))]


def _process(unit: str) -> str:
    """A process's unit without its number and release."""
    return unit.split("@", 1)[0].rsplit("-", 1)[0]


def _start(work: BackgroundUnits, names: Collection[str], wait: bool) -> None:
    if not names:
        return
    if not wait:
        systemd.start_soon(*names)
        return
    result = systemd.run_systemctl_unchecked("start", "--", *names, timeout=systemd.PATIENCE)
    if result.returncode:
        down = work.down()
        told = "; ".join(f"{describe_kind(work.layout.kind(unit.name))}: {unit.ending()}" for unit in down)
        log = work.log(0, [unit.name for unit in down]) if down else ""
        raise DeployError(f"not all that belongs to it could be started: {told or last_lines(result)}", log)


def _stop(names: Collection[str]) -> None:
    result = systemd.run_systemctl_unchecked("stop", "--", *names, timeout=systemd.PATIENCE)
    if result.returncode and any(unit.present for unit in systemd.show(*names)):
        raise DeployError(f"systemctl stop failed: {last_lines(result)}")


def _stamp(timer: str) -> Path:
    return STAMPS / f"stamp-{timer}"


def _on_disk(layout: Layout, release: str) -> list[str]:
    return [path.name for kind in _KINDS for path in Path(UNITS).glob(layout.unit(kind, release))]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:  # somebody removed it
        return ""


def _value(text: str, key: str) -> str:
    """What a unit's text gives a key that it has once."""
    return next((line[len(key) + 1 :] for line in text.splitlines() if line.startswith(f"{key}=")), "")


def _is_exclusive(text: str) -> bool:
    return _value(text, "Exclusive") == "yes"
