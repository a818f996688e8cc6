"""The background units of a release: its processes, its jobs with their timers, and the target of them all.

Of all releases of an application only the target of the live one is up; what moves them to another release is here.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import JOURNAL_LINES
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.restarts import RestartWatcher
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.unit_checks import (
    command_of,
    describe_kind,
    describe_search,
    find_program,
    is_exclusive,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, memory, processes, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import release_of

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import BackgroundState

STAMPS = Path("/var/lib/systemd/timers")  # when a persistent timer last elapsed: systemd.timer(5)
# Kinds of units of which a release has any number; the last are commands that someone runs in it: asgi.deploy.exec.
_KINDS = ("live", "process-*", "timer-*", "job-*", "exec-*")
_MOVED = ("live", "process-*", "timer-*")  # those that run only in the live release
_AT_WORK = ("active", "activating")
_BUSY = (*_AT_WORK, "deactivating", "reloading")
_RUNNING = ",".join(_AT_WORK)
_TIMER_PROPERTIES = "Id,ActiveState,SubState,NextElapseUSecRealtime,LastTriggerUSec"


class BackgroundUnits:
    """The background units of one release.

    Attributes:
        layout: of the application.
        release: its name.
        units: the names of all of them.
        files: their files.
        processes: the services of its processes.
        timers: the timers of its jobs.
        jobs: the services of its jobs.
        moved: those that run only in the live release: its target, processes and timers.
    """

    def __init__(self, layout: Layout, release: str, kinds: Iterable[str] | None = None) -> None:
        """Take the units of these kinds, on disk or not; by default those on disk."""
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
        """Return whether all of them run, or wait for their time, with the units as they are on disk."""
        shown = shown or systemd.show_by_name(*self.moved)
        return all(shown[name].settled for name in self.moved)

    def exclusive(self) -> list[str]:
        """Return the processes that must not run while those of the same name of another release do."""
        return [name for name in self.processes if is_exclusive(_text(Path(UNITS, name)))]

    def missing_programs(self) -> str | None:
        """Return a text about a unit whose program does not exist; None if there is none."""
        folder = str(self.layout.release(self.release))
        for name in (*self.processes, *self.jobs):
            program = command_of(_text(Path(UNITS, name)))
            if find_program(program, folder) is None:
                return f"{describe_kind(self.layout.kind(name))}: its program {program} {describe_search(folder)}"
        return None

    def stop_soon(self) -> None:
        """Begin to stop processes and timers, without waiting; a job that runs goes on to its end."""
        # Also those that have no file any more.
        find_loaded = systemd.list_units(*(self.layout.unit(kind, self.release) for kind in _MOVED), states=_RUNNING)
        if names := list(dict.fromkeys([*self.moved, *find_loaded])):
            systemd.stop_soon(*names)

    def stop(self) -> None:
        """Stop everything, also jobs and commands that someone runs."""
        exec_units = systemd.list_units(self.layout.unit("exec-*", self.release))
        if units := [*self.moved, *self.jobs, *exec_units]:
            _stop(units)
            systemd.reset_failed(*units)

    def remove_units(self) -> None:
        """Remove the units, which must have ended, and what systemd has recorded about them."""
        if self.units:
            systemd.reset_failed(*self.units)
        for file in (*self.files, *map(_stamp, self.timers)):
            file.unlink(missing_ok=True)

    def memory(self) -> int:
        """Return how many bytes the processes use."""
        mains = [unit.main for unit in systemd.show(*self.processes)]
        parent_of = processes.parents() if any(mains) else {}
        return memory.used_by(set().union(*(processes.descendants(main, parent_of) for main in mains if main)))

    def describe(self) -> BackgroundState:
        """Return how the processes and jobs are."""
        parent_of = processes.parents() if self.processes else {}
        units = {unit.name: unit for unit in systemd.show(*self.processes, *self.jobs)}
        timers = {unit.name: unit.properties for unit in systemd.show(*self.timers, properties=_TIMER_PROPERTIES)}
        state: BackgroundState = {"processes": {}, "jobs": {}}
        for name in self.processes:
            process, number = self.layout.kind(name)[len("process-") :].rsplit("-", 1)
            main = units[name].main
            state["processes"][f"{process}-{number}"] = {
                **units[name].describe(),
                "memory": memory.used_by(processes.descendants(main, parent_of)) if main else 0,
            }
        for name in self.jobs:
            timer = timers.get(f"{name.removesuffix('.service')}.timer", {})
            state["jobs"][self.layout.kind(name)[len("job-") :]] = {
                "state": f"{timer.get('ActiveState')} ({timer.get('SubState')})",
                "next": timer.get("NextElapseUSecRealtime") or None,
                "last": timer.get("LastTriggerUSec") or None,
                "result": units[name].properties.get("Result"),
            }
        return state

    def log(self, since: float, names: Collection[str] = ()) -> str:
        """Return the most relevant lines that processes logged, by default all processes."""
        return journal.read(names or self.processes, JOURNAL_LINES, since) if names or self.processes else ""

    def down(self) -> list[systemd.Unit]:
        """Return the processes that do not run."""
        return [unit for unit in systemd.show(*self.processes) if not unit.active]

    def watch_restarts(self) -> RestartWatcher:
        """Return a watcher that reports, from now on, whether one of the processes has ended."""
        return RestartWatcher({name: describe_kind(self.layout.kind(name)) for name in self.processes})

    def _of(self, kind: str) -> list[str]:
        return [name for name in self.units if self.layout.kind(name).startswith(kind)]


def switch_background_units(layout: Layout, release: str, wait: bool = True) -> None:
    """Stop the background units of all other releases, and start those of this one.

    Only the end of an exclusive process is waited for. Every step can be repeated; the target starts last, and shows
    that all of them were done.

    Args:
        layout: of the application.
        release: the release that has just gone live.
        wait: whether to wait until its processes run.

    Raises:
        DeployError: a process could not be started; with its log.
    """
    units = BackgroundUnits(layout, release)
    for other in sorted(releases_at_work(layout) - {release}):
        BackgroundUnits(layout, other).stop_soon()
    if any(unit.stale for unit in systemd.show(*units.moved)):
        systemd.daemon_reload()
    # What failed in a release that was replaced does not concern the administrator of the host any more.
    failed = [name for name in _units_in(layout, "failed", _KINDS[:-1]) if release_of(name) != release]
    systemd.reset_failed(*units.moved, *failed)
    _take_stamps(layout, units.timers)
    exclusive = units.exclusive()
    _start(units, [name for name in (*units.processes, *units.timers) if name not in exclusive], wait)
    if rivals := _rivals(layout, release, exclusive):
        _stop(rivals)
    _start(units, units.moved, wait)


def releases_at_work(layout: Layout) -> set[str]:
    """Return the releases whose processes or timers run and are not stopping."""
    return find_loaded(layout).at_work


def busy_releases(layout: Layout) -> set[str]:
    """Return the releases of which a background unit or a command runs, even if it is stopping."""
    return find_loaded(layout).busy


@dataclass(frozen=True)
class LoadedReleases:
    """The releases of an application of which systemd has loaded a unit, from one query.

    Attributes:
        serving: those with a socket or a service, even a failed one.
        at_work: those whose processes or timers run and are not stopping.
        busy: those of which a background unit or a command runs, even if it is stopping.
    """

    serving: set[str]
    at_work: set[str]
    busy: set[str]


def find_loaded(layout: Layout) -> LoadedReleases:
    """Query systemd for the units of all releases."""
    states = systemd.unit_states(*(layout.unit(kind, "*") for kind in ("socket", "service", *_KINDS)))
    servers = {name for name in states if layout.kind(name) in ("socket", "service")}
    moved = {name for name in states if layout.kind(name).startswith(("live", "process-", "timer-"))}
    return LoadedReleases(
        serving={release_of(name) for name in servers},
        at_work={release_of(name) for name in moved if states[name] in _AT_WORK},
        busy={release_of(name) for name in states.keys() - servers if states[name] in _BUSY},
    )


def latest_by_timer(stamps: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return when each timer, without its release, last elapsed in any release.

    Args:
        stamps: pairs of a unit and a time in seconds of the epoch.
    """
    latest: dict[str, float] = {}
    for unit, at in stamps:
        name = unit.split("@", 1)[0]
        latest[name] = max(at, latest.get(name, at))
    return latest


def _units_in(layout: Layout, states: str, kinds: Iterable[str] = _KINDS) -> list[str]:
    """Return the background units of all releases that are in one of these states."""
    return systemd.list_units(*(layout.unit(kind, "*") for kind in kinds), states=states)


def _take_stamps(layout: Layout, timers: Collection[str]) -> None:
    """Copy the times at which timers last elapsed, so that a new release neither repeats a job nor skips one."""
    pattern = f"stamp-{layout.unit('timer-*', '*')}"
    stamps = [(path.name[len("stamp-") :], path.stat().st_mtime) for path in STAMPS.glob(pattern)]
    latest = latest_by_timer(stamps)
    present = dict(stamps)
    for timer in timers:
        at = latest.get(timer.split("@", 1)[0])
        if at is not None and present.get(timer, 0) < at:
            _stamp(timer).touch()
            os.utime(_stamp(timer), (at, at))


def _rivals(layout: Layout, release: str, exclusive: Collection[str]) -> list[str]:
    """Return processes of other releases that must have ended before the exclusive ones of this release start."""
    names = {_process(name) for name in exclusive}
    running = systemd.list_units(layout.unit("process-*", "*"), states=",".join(_BUSY))
    others = [name for name in running if release_of(name) != release]
    return [name for name in others if _process(name) in names or is_exclusive(_text(Path(UNITS, name)))]


def _process(unit: str) -> str:
    """Return the unit of a process without its number and release."""
    return unit.split("@", 1)[0].rsplit("-", 1)[0]


def _start(units: BackgroundUnits, names: Collection[str], wait: bool) -> None:
    if not names:
        return
    if not wait:
        systemd.start_soon(*names)
        return
    result = systemd.run_systemctl_unchecked("start", "--", *names, timeout=systemd.PATIENCE)
    if result.returncode:
        down = units.down()
        reasons = "; ".join(f"{describe_kind(units.layout.kind(unit.name))}: {unit.ending()}" for unit in down)
        log = units.log(0, [unit.name for unit in down]) if down else ""
        raise DeployError(f"not all of its units could be started: {reasons or last_lines(result)}", log)


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
    except FileNotFoundError:  # someone removed it
        return ""
