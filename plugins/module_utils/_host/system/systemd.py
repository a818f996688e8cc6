"""systemd, by its program systemctl."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import ServiceState

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,"
    "MainPID,NRestarts,Result,ExecMainCode,ExecMainStatus,ActiveEnterTimestampMonotonic"
)

PATIENCE = 100_000  # seconds; the unit itself limits how long its end may take, a day at most
_TRIES, _PAUSE = 20, 0.25
# What systemctl prints when its connection ends.
_AWAY = (
    *("Transport endpoint is not connected", "Connection reset by peer", "Connection refused", "Broken pipe"),
    # By the bus, when its own socket is gone: of the daemon, and of dbus-broker.
    *("Message recipient disconnected from message bus without replying", "Could not activate remote peer"),
    "Launch helper exited with unknown return code",
)
_CANCELED = "canceled."  # the end of what systemctl prints when another job replaces its job
_UNUSABLE = ("masked", "masked-runtime", "not-found", "bad-setting", "error", "bad")


@dataclass(frozen=True)
class Unit:
    """The state of a unit.

    Attributes:
        name: with its suffix.
        properties: as `systemctl show` prints them.
    """

    name: str
    properties: dict[str, str]

    @property
    def present(self) -> bool:
        """Return whether systemd has loaded the unit's file."""
        return self.properties.get("LoadState") == "loaded"

    @property
    def masked(self) -> bool:
        """Return whether an administrator has forbidden to start it."""
        return self.properties.get("LoadState") == "masked"

    @property
    def active(self) -> bool:
        """Return whether it runs."""
        return self.properties.get("ActiveState") == "active"

    @property
    def up(self) -> bool:
        """Return whether it runs, also while it reloads."""
        return self.properties.get("ActiveState") in ("active", "reloading")

    @property
    def starting(self) -> bool:
        """Return whether it is about to run."""
        return self.properties.get("ActiveState") == "activating"

    @property
    def enabled(self) -> bool:
        """Return whether it starts at boot."""
        return self.properties.get("UnitFileState") == "enabled"

    @property
    def failed(self) -> bool:
        """Return whether it has failed and systemd does not restart it any more."""
        return self.properties.get("ActiveState") == "failed"

    @property
    def restarts(self) -> int:
        """Return how often systemd has restarted it."""
        return int(self.properties.get("NRestarts") or 0)

    def up_for(self, now: float) -> float:
        """Return for how many seconds it has run, by the clock of :func:`time.monotonic`; 0 if it does not run."""
        since = int(self.properties.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
        return max(0.0, now - since) if self.up else 0.0

    @property
    def main(self) -> int:
        """Return the number of its main process; 0 if it has none."""
        return int(self.properties.get("MainPID") or 0)

    @property
    def settled(self) -> bool:
        """Return whether it runs with its file as it is on disk."""
        return self.active and not self.stale

    @property
    def stale(self) -> bool:
        """Return whether its file has changed and systemd has not read it yet."""
        return self.properties.get("NeedDaemonReload") == "yes"

    def describe(self) -> ServiceState:
        """Return how the unit is; `failed` is empty unless it failed for good."""
        failed = (
            f"{self.name} has failed and is not started any more: {self.ending()}, after {self.restarts} restarts. Its "
            f"log shows why: journalctl {' '.join(journal.journalctl_options(self.name))}; then release it again, or "
            "roll back"
        )
        return {
            "state": f"{self.properties.get('ActiveState')} ({self.properties.get('SubState')})",
            "restarts": self.restarts,
            "failed": failed if self.failed else "",
        }

    @property
    def timed_out(self) -> bool:
        """Return whether systemd ended it because it took too long."""
        return self.properties.get("Result") == "timeout"

    def ending(self) -> str:
        """Return how its main process ended, in words."""
        result, status = self.properties.get("Result", "?"), self.properties.get("ExecMainStatus", "?")
        if result in ("timeout", "oom-kill", "start-limit-hit"):
            return {"timeout": "it took too long", "oom-kill": "it was killed for want of memory"}.get(
                result, "it ended again and again"
            )
        # CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitid(2); without one there was no process, or another one runs now.
        ended = {"1": "its process ended with status", "2": "its process was ended by signal"}
        ended["3"] = ended["2"]
        if code := ended.get(self.properties.get("ExecMainCode", "0")):
            return f"{code} {status}" + (
                "" if result in ("exit-code", "signal", "success", "?") else f" (result {result})"
            )
        return "it has gone down" if result == "success" else f"its result is {result}"


def parse_show(text: str, names: Sequence[str]) -> list[Unit]:
    """Return the units that `systemctl show` printed for `names`, in that order: a paragraph of KEY=VALUE lines each.

    Raises:
        DeployError: there are more or fewer paragraphs than names.
    """
    paragraphs = text.strip("\n").split("\n\n") if text.strip() else []
    if len(paragraphs) != len(names):
        raise DeployError(f"systemctl show: found {len(paragraphs)} units, expected {len(names)}")
    return [
        Unit(name, dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line))
        for name, paragraph in zip(names, paragraphs)
    ]


def show(*names: str, properties: str = _PROPERTIES) -> list[Unit]:
    """Return the state of units; a unit that does not exist is not `present`."""
    if not names:
        return []
    return parse_show(run_systemctl("show", f"--property={properties}", "--", *names, reads=True), names)


def show_by_name(*names: str) -> dict[str, Unit]:
    """Return the state of units by their names, from one call of systemctl."""
    return {unit.name: unit for unit in show(*dict.fromkeys(names))}


def run_systemctl_unchecked(*words: str, timeout: float = 600, reads: bool = False) -> CompletedProcess[str]:
    """Run systemctl and return its result, whatever its exit status; see :func:`commands.run_unchecked`.

    It runs again where its connection to systemd ended, as for a moment while systemd is upgraded.
    """
    for _try in range(_TRIES):
        done = run_unchecked(["systemctl", *words], timeout=timeout, reads=reads)
        if not done.returncode or not connection_lost(done):
            break
        time.sleep(_PAUSE)
    return done


def connection_lost(done: CompletedProcess[str]) -> bool:
    """Return whether the connection to systemd ended while a program waited for an answer."""
    return any(sign in done.stderr for sign in _AWAY)


def run_systemctl(*words: str, timeout: float = 600, reads: bool = False) -> str:
    """Run systemctl, which must succeed, and return its standard output.

    Raises:
        DeployError: it failed; the text ends with what it printed.
    """
    done = run_systemctl_unchecked(*words, timeout=timeout, reads=reads)
    if done.returncode:
        raise DeployError(f"systemctl {' '.join(words[:2])} … ended with status {done.returncode}:\n{last_lines(done)}")
    return done.stdout


def not_running_or_enabled(*names: str) -> list[str]:
    """Return those of the units that do not run, or do not start at boot."""
    return [unit.name for unit in show(*names) if not (unit.up and unit.enabled)]


def dependents(name: str) -> list[str]:
    """Return the running units that require another one."""
    named = show(name, properties="RequiredBy")[0].properties.get("RequiredBy", "").split()
    return [unit.name for unit in show(*named) if unit.active]


def list_units(*patterns: str, states: str | None = None) -> list[str]:
    """Return the names of loaded units that match a pattern, running or failed, or only those in some states."""
    return list(_listing(f"--state={states}" if states else "--all", *patterns))


def unit_states(*patterns: str) -> dict[str, str]:
    """Return the loaded units that match a pattern, each with its ActiveState as `systemctl show` prints it."""
    return _listing("--all", *patterns)


def _listing(option: str, *patterns: str) -> dict[str, str]:
    text = run_systemctl("list-units", option, "--plain", "--no-legend", "--full", "--", *patterns, reads=True)
    rows = (line.split(None, 4) for line in text.splitlines())
    return {row[0]: row[2] for row in rows if len(row) > 3}


def known_units() -> list[str]:
    """Return the names of all units that could be started on the host, loaded or not."""
    verbs = (["list-unit-files"], ["list-units", "--all"])
    texts = (run_systemctl(*verb, "--plain", "--no-legend", reads=True) for verb in verbs)
    return sorted({name for text in texts for name in parse_usable(text)})


def parse_usable(text: str) -> list[str]:
    """Return the units in a listing that exist and are not masked; its second column is the state."""
    rows = (line.split(None, 2) for line in text.splitlines())
    return [row[0] for row in rows if len(row) > 1 and row[1] not in _UNUSABLE]


def daemon_reload() -> None:
    """Make systemd read its units again."""
    run_systemctl("daemon-reload")


def start(*names: str) -> None:
    """Start units.

    Raises:
        DeployError: one does not start; the text ends with the last lines of their journal.
    """
    change("start", *names)


def start_soon(*names: str) -> None:
    """Start units without waiting for the result."""
    run_systemctl("start", "--no-block", "--", *names)


def stop_soon(*names: str) -> None:
    """Stop units without waiting for the result."""
    if loaded := [unit.name for unit in show(*names) if unit.present]:
        run_systemctl("stop", "--no-block", "--", *loaded)


def restart(*names: str) -> None:
    """Restart units; see :func:`start`."""
    change("restart", *names)


def restart_soon(*names: str) -> None:
    """Restart units without waiting for the result."""
    run_systemctl("restart", "--no-block", "--", *names)


def reload_and_restart(*names: str) -> None:
    """Make systemd read its units again, and restart those of the units that run; see :func:`start`."""
    if names:
        daemon_reload()
        change("try-restart", *names)


def change(verb: str, *names: str) -> None:
    """Start, stop, reload or restart units, and wait for the result; see :func:`start`."""
    began = time.time()
    result = run_systemctl_unchecked(verb, "--", *names, timeout=PATIENCE)
    shown = run_systemctl_unchecked("show", "--property=Result", "--", *names).stdout if result.returncode else ""
    if "=start-limit-hit" in shown:  # starts in quick succession are counted, also those that were requested
        reset_failed(*names)
        result = run_systemctl_unchecked(verb, "--", *names, timeout=PATIENCE)
    if result.returncode:
        lines = [f"systemctl {verb} {' '.join(names)} failed: {last_lines(result)}", journal.read(names, 15, began)]
        raise DeployError("\n".join(lines))


def disable(*names: str) -> None:
    """Make units not start at boot."""
    run_systemctl("disable", "--quiet", "--", *names)


def stop(*names: str) -> None:
    """Stop units; a unit that is not loaded is already stopped."""
    stop_running(*(unit.name for unit in show(*names) if unit.present))


def stop_running(*names: str) -> None:
    """Stop units that run, whether their files still exist or not; try again where another job replaces the stop.

    A socket may start its service at that moment, and the end of the service cancels the stop of the socket.

    Raises:
        DeployError: one does not stop; the text ends with what systemctl printed.
    """
    if not names:
        return
    for _try in range(_TRIES):
        done = run_systemctl_unchecked("stop", "--", *names, timeout=PATIENCE)
        if not done.returncode:
            return
        if not last_lines(done).endswith(_CANCELED):
            break
        time.sleep(_PAUSE)
    raise DeployError(f"systemctl stop {' '.join(names)} ended with status {done.returncode}:\n{last_lines(done)}")


def reset_failed(*names: str) -> None:
    """Make systemd forget that units have failed; without names that of none, where systemctl would take all."""
    if names:
        run_systemctl_unchecked("reset-failed", "--", *names)


def starts_at_boot(name: str) -> bool:
    """Return whether a unit starts at boot, by the links on disk; :func:`show` returns what systemd has read."""
    return run_systemctl_unchecked("is-enabled", "--quiet", "--", name, reads=True).returncode == 0


def enable(*names: str, read: bool = True) -> None:
    """Make units start at boot; without `read` systemd does not read its units again."""
    run_systemctl("enable", "--quiet", *([] if read else ["--no-reload"]), "--", *names)


def reload_or_start(name: str) -> None:
    """Reload a service, or start it if it is down; see :func:`start`.

    A service that is about to start may have read the former configuration: wait for it, and reload it as well.
    """
    unit = show(name)[0]
    if not unit.up:
        change("start", name)
    if unit.up or unit.starting:
        change("reload", name)
