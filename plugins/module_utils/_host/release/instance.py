"""The units of one release: its socket, its service, its release command and its drain."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.probe import (
    ANSWER_TIMEOUT,
    Probe,
    wait_until_passed,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.restarts import RestartWatcher
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, memory, processes, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import command_kind, release_of

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import ServiceState

JOURNAL_LINES = 40


class Instance:
    """A release as systemd runs it.

    Attributes:
        layout: of the application.
        release: its name.
        units: the names of its units, by kind.
        files: their files, by kind.
    """

    def __init__(self, layout: Layout, release: str) -> None:
        self.layout = layout
        self.release = release
        self.units = {kind: layout.unit(kind, release) for kind in layout.KINDS}
        self.files = {kind: Path(UNITS, unit) for kind, unit in self.units.items()}
        self._socket_path = str(layout.socket_path(release))

    def is_up(self, shown: Mapping[str, systemd.Unit] | None = None) -> bool:
        """Return whether it runs with its units as they are on disk; systemd is queried unless they are `shown`."""
        names = (self.units["service"], self.units["socket"])
        shown = shown or systemd.show_by_name(*names)
        return all(shown[name].settled for name in names)

    def is_running(self) -> bool:
        """Return whether its socket or its service is up, even with other unit files."""
        return any(unit.active for unit in systemd.show(self.units["service"], self.units["socket"]))

    def is_draining(self, shown: Mapping[str, systemd.Unit] | None = None) -> bool:
        """Return whether its drain goes on; systemd is queried unless the units are `shown`."""
        return (shown or systemd.show_by_name(self.units["drain"]))[self.units["drain"]].starting

    def start(self) -> None:
        """Start the socket and, after it, the service: no connection is refused from now on.

        A drain that goes on ends here, and open connections stay. It waits for no other release.
        """
        self.remove_hold()
        socket, service = self.units["socket"], self.units["service"]
        systemd.stop(self.units["drain"])
        systemd.reset_failed(socket, service)
        try:
            systemd.start(socket, service)
        except DeployError as error:
            raise DeployError(f"its units could not be started: {error}") from error

    def remove_hold(self) -> None:
        """Make it wait no longer for another release that is started in its place."""
        file = Path(self.layout.held(self.release))
        if file.exists():
            file.unlink()
            with suppress(OSError):  # another drop-in is there
                file.parent.rmdir()
            systemd.daemon_reload()

    def stop(self) -> None:
        """Stop all of its units, the socket first: an attempt to connect must not start the service again."""
        drain, socket, service = (self.units[kind] for kind in ("drain", "socket", "service"))
        for unit in (drain, *self.commands(), socket, service):
            systemd.stop(unit)
        systemd.reset_failed(*self.units.values(), *self.commands()[1:])

    def drain(self) -> None:
        """Begin its drain: systemd stops it once no one is connected, or when its time is over."""
        systemd.start_soon(self.units["drain"])

    def mark_replaced(self) -> None:
        """Make it answer from now on that it is not ready for more requests, until the end of its drain."""
        mark = Path(self.layout.replaced(self.release))
        mark.mkdir(parents=True, exist_ok=True)
        for folder in (mark.parent, mark):  # the application checks for it, whatever our umask is
            folder.chmod(0o755)

    def mark_ready(self) -> None:
        """Make it answer again that it is ready, before the next request for that."""
        with suppress(FileNotFoundError):
            Path(self.layout.replaced(self.release)).rmdir()

    def processes(self) -> set[int]:
        """Return all processes of its service."""
        main = systemd.show(self.units["service"])[0].main
        return processes.descendants(main, processes.parents()) if main else set()

    def describe(self) -> ServiceState:
        """Return how its service is."""
        return systemd.show(self.units["service"])[0].describe()

    def memory(self) -> int:
        """Return how many bytes it uses."""
        return memory.used_by(self.processes())

    def refuse_command_at_work(self) -> None:
        """Raise DeployError while a release command that another run began goes on: this run must not end it."""
        patterns = [self.layout.unit(kind, "*") for kind in ("command", "command-*")]
        others = systemd.list_units(*patterns) if self.commands() else []
        if busy := [unit.name for unit in systemd.show(*others) if unit.starting]:
            raise DeployError(
                f"the release command of another run has not ended yet: {', '.join(busy)}; wait for its end, "
                "or end it on the host with systemctl stop"
            )

    def commands(self) -> list[str]:
        """Return the units of its release commands that are on disk, in the order in which they run."""
        names = (self.layout.unit(command_kind(number), self.release) for number in itertools.count(1))
        return list(itertools.takewhile(lambda name: Path(UNITS, name).exists(), names))

    def remove_units(self) -> None:
        """Remove the files of its units; systemd has yet to read that."""
        further = [Path(self.layout.forward(self.release)), *(Path(UNITS, name) for name in self.commands())]
        for file in (*self.files.values(), *further):
            file.unlink(missing_ok=True)
        self.remove_hold()

    def run_command(self, unit: str) -> str | None:
        """Run one of its release commands, with the same code, environment, user and sandbox as the service.

        Returns:
            How it failed, in words; None if it did not.
        """
        systemd.reset_failed(unit)
        done = systemd.run_systemctl_unchecked("start", "--", unit, timeout=86_400)
        if not done.returncode:
            return None
        shown = systemd.show(unit)[0]
        return f"{shown.ending()}{_time_limit(unit)}" if shown.timed_out else shown.ending()

    def pass_gate(self, gate: Gate, since: float) -> None:
        """Raise DeployError, with the end of its log, when it does not pass its gate."""
        restarts = self.watch_restarts()
        if failure := wait_until_passed(self._socket_path, gate, restarts, restarts.processes):
            raise DeployError(failure, self.log(since))

    def ask(
        self, gate: Gate, timeout: float = ANSWER_TIMEOUT, broken: Callable[[], str | None] = lambda: None
    ) -> str | None:
        """Send the request of the gate once; return what is wrong with the answer, or None."""
        probe = Probe(self._socket_path, gate, timeout, broken)
        probe.close()
        return probe.failure

    def watch_restarts(self) -> RestartWatcher:
        """Return a watcher that reports, from now on, whether its service has ended."""
        return RestartWatcher({self.units["service"]: "the service"})

    def log(self, since: float, unit: str | None = None) -> str:
        """Return the most relevant lines that the service, or another unit of the release, logged."""
        return journal.read([unit or self.units["service"]], JOURNAL_LINES, since)


def _time_limit(unit: str) -> str:
    """Return how long a release command may take, in words, from its unit."""
    seconds = re.search(r"^TimeoutStartSec=(\d+)$", Path(UNITS, unit).read_text(encoding="utf-8"), re.MULTILINE)
    allowed = f": more than release_timeout, {seconds[1]} seconds" if seconds else ""
    return f"{allowed}; it was ended, what it had changed stays, and the next run begins it again"


def drain_with_units_of(layout: Layout, release: str, other: str) -> None:
    """Drain a release; if its unit or its program for that is gone, with those of another release.

    A release without a directory has no socket any more that could be reached: it is stopped.
    """
    instance = Instance(layout, release)
    if not Path(layout.release(release)).is_dir():
        systemd.stop_soon(instance.units["socket"], instance.units["service"])
        return
    unit, program = instance.files["drain"], Path(layout.release(release), "drain.sh")
    if not program.exists():
        shutil.copyfile(Path(layout.release(other), "drain.sh"), program)
    if not unit.exists():
        shutil.copyfile(Instance(layout, other).files["drain"], unit)
        systemd.daemon_reload()
    instance.drain()


def refuse_paused(layout: Layout, release: str | None) -> None:
    """Raise DeployError while a release is paused: the requests that wait would be lost with it."""
    if release and Path(layout.pause(release)).exists():
        raise DeployError(f"{layout.app}: release {release} is paused; run asgi.deploy.resume first")


def loaded_releases(layout: Layout) -> set[str]:
    """Return the releases of an application of which a socket or a service is loaded, even a failed one."""
    return {
        release_of(name) for name in systemd.list_units(*(layout.unit(kind, "*") for kind in ("socket", "service")))
    }


def without_draining(layout: Layout, releases: Collection[str]) -> set[str]:
    """Return the releases that do not drain."""
    return {release for release in releases if not Instance(layout, release).is_draining()}
