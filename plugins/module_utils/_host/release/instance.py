"""One release's units: its socket, its service, its release command and its drain."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

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
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import release_of

JOURNAL_LINES = 40


class Instance:
    """A release as systemd runs it."""

    def __init__(self, layout: Layout, release: str) -> None:
        self.layout = layout
        self.release = release
        self.units = {kind: layout.unit(kind, release) for kind in layout.KINDS}
        self.files = {kind: Path(UNITS, unit) for kind, unit in self.units.items()}
        self._socket_path = str(layout.socket_path(release))

    def is_up(self, shown: Mapping[str, systemd.Unit] | None = None) -> bool:
        """Whether it runs with its units as they are on disk; systemd is asked for those that are not `shown`."""
        names = (self.units["service"], self.units["socket"])
        shown = shown or systemd.show_by_name(*names)
        return all(shown[name].settled for name in names)

    def is_running(self) -> bool:
        """Whether its socket or its service is up, by whichever units."""
        return any(unit.active for unit in systemd.show(self.units["service"], self.units["socket"]))

    def is_draining(self, shown: Mapping[str, systemd.Unit] | None = None) -> bool:
        return (shown or systemd.show_by_name(self.units["drain"]))[self.units["drain"]].starting

    def start(self) -> None:
        """Starts the socket and, after it, the service: nothing that is sent to it from now on is refused.

        A drain that is under way ends here: whoever is connected stays so.
        """
        socket, service = self.units["socket"], self.units["service"]
        systemd.stop(self.units["drain"])
        systemd.reset_failed(socket, service)
        try:
            systemd.start(socket, service)
        except DeployError as error:
            raise DeployError(f"its units could not be started: {error}") from error

    def stop(self) -> None:
        """The socket goes first: an attempt to connect must not start the service again."""
        for kind in ("drain", "command", "socket", "service"):
            systemd.stop(self.units[kind])
        systemd.reset_failed(*self.units.values())

    def drain(self) -> None:
        """Lets systemd stop it once nobody is connected, or when its time is over; nobody has to wait for that."""
        systemd.start_soon(self.units["drain"])

    def mark_replaced(self) -> None:
        """Has it say from now on that it is not ready for more, until the end of its drain."""
        mark = Path(self.layout.replaced(self.release))
        mark.mkdir(parents=True, exist_ok=True)
        for folder in (mark.parent, mark):  # the application looks for it, whatever our umask is
            folder.chmod(0o755)

    def mark_ready(self) -> None:
        """Has it say that it is ready, where it is, before it is asked again."""
        with suppress(FileNotFoundError):
            Path(self.layout.replaced(self.release)).rmdir()

    def processes(self) -> set[int]:
        """All processes of its service."""
        main = int(systemd.show(self.units["service"])[0].properties.get("MainPID") or 0)
        return processes.descendants(main, processes.parents()) if main else set()

    def describe(self) -> dict[str, Any]:
        """How its service is."""
        return systemd.show(self.units["service"])[0].told()

    def memory(self) -> int:
        """Bytes that it uses."""
        return memory.used_by(self.processes())

    def refuse_command_at_work(self) -> None:
        """Raises DeployError while a release command that another run began goes on; it must not be ended for this."""
        others = systemd.list_units(self.layout.unit("command", "*")) if self.files["command"].exists() else []
        if busy := [one.name for one in systemd.show(*others) if one.properties.get("ActiveState") == "activating"]:
            raise DeployError(
                f"the release command of another run is still at work: {', '.join(busy)}; wait for its end, "
                "or end it on the host with systemctl stop"
            )

    def run_command(self, since: float) -> None:
        """Runs its release command, with the same code, environment, user and sandbox as the service.

        Raises:
            DeployError: it failed or took too long; with the end of what it printed.
        """
        unit = self.units["command"]
        if not self.files["command"].exists():
            return
        systemd.reset_failed(unit)
        if systemd.run_systemctl_unchecked("start", "--", unit, timeout=86_400).returncode:
            ending = systemd.show(unit)[0].ending()
            raise DeployError(f"its release command failed: {ending}", self.log(since, "command"))

    def pass_gate(self, gate: Gate, since: float) -> None:
        """Raises DeployError, with the end of its log, when it does not pass."""
        restarts = self.watch_restarts()
        if wrong := wait_until_passed(self._socket_path, gate, restarts, restarts.processes):
            raise DeployError(wrong, self.log(since))

    def ask(
        self, gate: Gate, timeout: float = ANSWER_TIMEOUT, broken: Callable[[], str | None] = lambda: None
    ) -> str | None:
        """Ask it the gate's question once; return what is wrong with the answer, or nothing."""
        probe = Probe(self._socket_path, gate, timeout, broken)
        probe.close()
        return probe.wrong

    def watch_restarts(self) -> RestartWatcher:
        """Return what tells, from now on, whether its service has ended."""
        return RestartWatcher({self.units["service"]: "the service"})

    def log(self, since: float, kind: str = "service") -> str:
        """The most telling lines that the service, or another unit of the release, logged."""
        return journal.read([self.units[kind]], JOURNAL_LINES, since)


def drain_with_units_of(layout: Layout, release: str, other: str) -> None:
    """Drain a release; where its unit or its program for that is gone, by those of another release.

    One whose folder is gone has no socket any more that could be reached: it is told to stop.
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
    """Raises DeployError while a release holds what comes: what is held would be lost with it."""
    if release and Path(layout.pause(release)).exists():
        raise DeployError(f"{layout.app}: release {release} is paused; let it go on first, by the playbook resume")


def loaded_releases(layout: Layout) -> set[str]:
    """The releases of an application of which a socket or a service is loaded, even a failed one."""
    return {
        release_of(name) for name in systemd.list_units(*(layout.unit(kind, "*") for kind in ("socket", "service")))
    }


def without_draining(layout: Layout, releases: Collection[str]) -> set[str]:
    return {release for release in releases if not Instance(layout, release).is_draining()}
