"""systemd, through systemctl."""

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

PATIENCE = 100_000
"""Seconds. How long the end of a unit may take is said in the unit, a day at most, and systemd sees to that."""
_TRIES, _PAUSE = 20, 0.25
# What systemctl says whose connection ends.
_AWAY = (
    *("Transport endpoint is not connected", "Connection reset by peer", "Connection refused", "Broken pipe"),
    # By the bus, where its own socket is away: of the daemon, and of dbus-broker.
    *("Message recipient disconnected from message bus without replying", "Could not activate remote peer"),
    "Launch helper exited with unknown return code",
)
_CANCELED = "canceled."  # as systemctl ends what it says of a job that another one took the place of
_UNUSABLE = ("masked", "masked-runtime", "not-found", "bad-setting", "error", "bad")


@dataclass(frozen=True)
class Unit:
    """What systemd says of a unit."""

    name: str
    properties: dict[str, str]

    @property
    def present(self) -> bool:
        return self.properties.get("LoadState") == "loaded"

    @property
    def masked(self) -> bool:
        return self.properties.get("LoadState") == "masked"

    @property
    def active(self) -> bool:
        return self.properties.get("ActiveState") == "active"

    @property
    def up(self) -> bool:
        """Whether it runs, be it that somebody has it reload just now."""
        return self.properties.get("ActiveState") in ("active", "reloading")

    @property
    def starting(self) -> bool:
        return self.properties.get("ActiveState") == "activating"

    @property
    def enabled(self) -> bool:
        return self.properties.get("UnitFileState") == "enabled"

    @property
    def failed(self) -> bool:
        return self.properties.get("ActiveState") == "failed"

    @property
    def restarts(self) -> int:
        return int(self.properties.get("NRestarts") or 0)

    def up_for(self, now: float) -> float:
        """For how many seconds it runs, by the clock of :func:`time.monotonic`; 0 where it does not."""
        since = int(self.properties.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
        return max(0.0, now - since) if self.up else 0.0

    @property
    def main(self) -> int:
        """The number of its main process; 0 where it has none."""
        return int(self.properties.get("MainPID") or 0)

    @property
    def settled(self) -> bool:
        """Whether it runs with its file as it is on disk."""
        return self.active and not self.stale

    @property
    def stale(self) -> bool:
        """The unit's file changed and systemd has not read it yet."""
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

    def ending(self) -> str:
        """How its main process ended, in words."""
        result, status = self.properties.get("Result", "?"), self.properties.get("ExecMainStatus", "?")
        if result in ("timeout", "oom-kill", "start-limit-hit"):
            return {"timeout": "it took too long", "oom-kill": "it was killed for want of memory"}.get(
                result, "it ended again and again"
            )
        # CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitid(2); without one there was no process, or another runs by now.
        ended = {"1": "its process ended with status", "2": "its process was ended by signal"}
        ended["3"] = ended["2"]
        if code := ended.get(self.properties.get("ExecMainCode", "0")):
            return f"{code} {status}" + (
                "" if result in ("exit-code", "signal", "success", "?") else f" (result {result})"
            )
        return "it has gone down" if result == "success" else f"its result is {result}"


def parse_show(text: str, names: Sequence[str]) -> list[Unit]:
    """What `systemctl show` printed for `names`, in that order: a paragraph of KEY=VALUE lines each."""
    paragraphs = text.strip("\n").split("\n\n") if text.strip() else []
    if len(paragraphs) != len(names):
        raise DeployError(f"systemctl show told of {len(paragraphs)} units instead of {len(names)}")
    return [
        Unit(name, dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line))
        for name, paragraph in zip(names, paragraphs)
    ]


def show(*names: str, properties: str = _PROPERTIES) -> list[Unit]:
    """The state of units; one that does not exist is not `present`."""
    if not names:
        return []
    return parse_show(run_systemctl("show", f"--property={properties}", "--", *names, reads=True), names)


def show_by_name(*names: str) -> dict[str, Unit]:
    """The state of units, as :func:`show` tells it in one question."""
    return {unit.name: unit for unit in show(*dict.fromkeys(names))}


def run_systemctl_unchecked(*words: str, timeout: float = 600, reads: bool = False) -> CompletedProcess[str]:
    """Runs systemctl to its end, again where systemd went away: it does for a moment while it is upgraded, by whomever.

    See :func:`commands.attempt`.
    """
    for _try in range(_TRIES):
        done = run_unchecked(["systemctl", *words], timeout=timeout, reads=reads)
        if not done.returncode or not connection_lost(done):
            break
        time.sleep(_PAUSE)
    return done


def connection_lost(done: CompletedProcess[str]) -> bool:
    """Whether systemd did while a program waited for its answer."""
    return any(sign in done.stderr for sign in _AWAY)


def run_systemctl(*words: str, timeout: float = 600, reads: bool = False) -> str:
    """Runs systemctl, which must succeed, and gives its standard output.

    Raises:
        DeployError: it failed; the text ends with what it said.
    """
    done = run_systemctl_unchecked(*words, timeout=timeout, reads=reads)
    if done.returncode:
        raise DeployError(f"systemctl {' '.join(words[:2])} … ended with status {done.returncode}:\n{last_lines(done)}")
    return done.stdout


def not_running_or_enabled(*names: str) -> list[str]:
    """Those of the units that do not both run and start at boot."""
    return [unit.name for unit in show(*names) if not (unit.up and unit.enabled)]


def dependents(name: str) -> list[str]:
    """Those units that run and cannot without another one."""
    named = show(name, properties="RequiredBy")[0].properties.get("RequiredBy", "").split()
    return [unit.name for unit in show(*named) if unit.active]


def list_units(*patterns: str, states: str | None = None) -> list[str]:
    """The names of loaded units that match a pattern, running or failed, or only those in some states."""
    return list(_listing(f"--state={states}" if states else "--all", *patterns))


def unit_states(*patterns: str) -> dict[str, str]:
    """The loaded units that match a pattern, each with its state as `systemctl show` has it: ActiveState."""
    return _listing("--all", *patterns)


def _listing(which: str, *patterns: str) -> dict[str, str]:
    text = run_systemctl("list-units", which, "--plain", "--no-legend", "--full", "--", *patterns, reads=True)
    rows = (line.split(None, 4) for line in text.splitlines())
    return {row[0]: row[2] for row in rows if len(row) > 3}


def known_units() -> list[str]:
    """The names of all units that could be started on the host, loaded or not."""
    verbs = (["list-unit-files"], ["list-units", "--all"])
    return sorted(
        {name for verb in verbs for name in parse_usable(run_systemctl(*verb, "--plain", "--no-legend", reads=True))}
    )


def parse_usable(text: str) -> list[str]:
    """The units in a listing, of which the second column tells the state, that are there and not masked."""
    rows = (line.split(None, 2) for line in text.splitlines())
    return [row[0] for row in rows if len(row) > 1 and row[1] not in _UNUSABLE]


def daemon_reload() -> None:
    run_systemctl("daemon-reload")


def start(*names: str) -> None:
    """Starts units.

    Raises:
        DeployError: one does not start; the text holds the end of their journal.
    """
    change("start", *names)


def start_soon(*names: str) -> None:
    """Starts units without waiting for it."""
    run_systemctl("start", "--no-block", "--", *names)


def stop_soon(*names: str) -> None:
    """Stops units without waiting for it."""
    if loaded := [unit.name for unit in show(*names) if unit.present]:
        run_systemctl("stop", "--no-block", "--", *loaded)


def restart(*names: str) -> None:
    """Restarts units; see :func:`start`."""
    change("restart", *names)


def restart_soon(*names: str) -> None:
    """Restarts units without waiting for it."""
    run_systemctl("restart", "--no-block", "--", *names)


def reload_and_restart(*names: str) -> None:
    """Has systemd read its units anew, and starts those anew that run; see :func:`start`."""
    if names:
        daemon_reload()
        change("try-restart", *names)


def change(verb: str, *names: str) -> None:
    """Has systemctl start, stop, reload or restart units, and waits for that; see :func:`start`."""
    began = time.time()
    result = run_systemctl_unchecked(verb, "--", *names, timeout=PATIENCE)
    if result.returncode:
        told = f"systemctl {verb} {' '.join(names)} failed: {last_lines(result)}"
        raise DeployError(f"{told}\n{journal.read(names, 15, began)}")


def disable(*names: str) -> None:
    run_systemctl("disable", "--quiet", "--", *names)


def stop(*names: str) -> None:
    """Stops units; one that is not loaded is stopped already."""
    stop_running(*(unit.name for unit in show(*names) if unit.present))


def stop_running(*names: str) -> None:
    """Stop units that run, whether their files are still there or not; again where another job goes before.

    A socket may start its service just then, whose end cancels the stop of the socket.

    Raises:
        DeployError: one does not stop; the text ends with what systemctl said.
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
    """Has systemd forget that units have failed; without names none, as systemctl would take all of the host's."""
    if names:
        run_systemctl_unchecked("reset-failed", "--", *names)


def starts_at_boot(name: str) -> bool:
    """By the links that are there now; :func:`show` tells of those that systemd has read."""
    return run_systemctl_unchecked("is-enabled", "--quiet", "--", name, reads=True).returncode == 0


def enable(*names: str, read: bool = True) -> None:
    """Has units start at boot; without `read` systemd knows of it when it has read its units anew."""
    run_systemctl("enable", "--quiet", *([] if read else ["--no-reload"]), "--", *names)


def reload_or_start(name: str) -> None:
    """Makes a service take its new configuration without stopping, and starts it if it is down; see :func:`start`.

    One that is about to start may have read what was there before: it is waited for, and takes it as well.
    """
    unit = show(name)[0]
    if not unit.up:
        change("start", name)
    if unit.up or unit.starting:
        change("reload", name)
