"""systemd, through systemctl and journalctl."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt, last_lines, run
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,"
    "MainPID,NRestarts,Result,ExecMainCode,ExecMainStatus"
)


@dataclass(frozen=True)
class Unit:
    """What systemd says of a unit."""

    name: str
    properties: dict[str, str]

    @property
    def present(self) -> bool:
        return self.properties.get("LoadState") == "loaded"

    @property
    def active(self) -> bool:
        return self.properties.get("ActiveState") == "active"

    @property
    def enabled(self) -> bool:
        return self.properties.get("UnitFileState") == "enabled"

    @property
    def failed(self) -> bool:
        return self.properties.get("ActiveState") == "failed"

    @property
    def restarts(self) -> int:
        return int(self.properties.get("NRestarts") or 0)

    @property
    def stale(self) -> bool:
        """The unit's file changed and systemd has not read it yet."""
        return self.properties.get("NeedDaemonReload") == "yes"

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


def show(*names: str) -> list[Unit]:
    """The state of units; one that does not exist is not `present`."""
    if not names:
        return []
    return parse_show(run(["systemctl", "show", f"--property={_PROPERTIES}", "--", *names]), names)


def listed(pattern: str) -> list[str]:
    """The names of loaded units that match a pattern, running or failed."""
    text = run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "--full", "--", pattern])
    return [line.split(None, 1)[0] for line in text.splitlines() if line.strip()]


def daemon_reload() -> None:
    run(["systemctl", "daemon-reload"])


def start(*names: str) -> None:
    run(["systemctl", "start", "--", *names])


def start_soon(*names: str) -> None:
    """Starts units without waiting for it."""
    run(["systemctl", "start", "--no-block", "--", *names])


def disable(*names: str) -> None:
    run(["systemctl", "disable", "--quiet", "--", *names])


def stop(*names: str) -> None:
    """Stops units; one that is not loaded is stopped already."""
    if loaded := [unit.name for unit in show(*names) if unit.present]:
        run(["systemctl", "stop", "--", *loaded])


def reset_failed(*names: str) -> None:
    attempt(["systemctl", "reset-failed", "--", *names])


def enable(*names: str) -> None:
    run(["systemctl", "enable", "--quiet", "--", *names])


def reload_or_start(name: str) -> None:
    """Makes a service take its new configuration without stopping; starts it where it does not run.

    Raises:
        DeployError: it failed; the text holds the end of the service's journal.
    """
    verb = "reload" if show(name)[0].active else "start"
    result = attempt(["systemctl", verb, "--", name])
    if result.returncode:
        raise DeployError(f"systemctl {verb} {name} failed: {last_lines(result)}\n{journal([name], 15)}")


def journal(names: Iterable[str], lines: int, since: float = 0) -> str:
    """The most telling lines that units logged after `since`, in seconds of the epoch."""
    argv = ["journalctl", "--no-pager", "--output=json", "--lines=1000", f"--since=@{since:.3f}"]
    entries = map(json.loads, attempt([*argv, *(f"--unit={name}" for name in names)]).stdout.splitlines())
    return telling([(str(entry.get("_PID")), _message(entry)) for entry in entries], lines)


def telling(entries: Sequence[tuple[str, str]], lines: int) -> str:
    """The lines to show of a failure, from pairs of process and message.

    Several workers that fail at once write into each other's tracebacks; then one process's own lines say more than the
    last ones of all.
    """
    failed = next((process for process, message in entries if "Traceback (most recent call last)" in message), None)
    own = [message for process, message in entries if failed in (None, process)]
    return "\n".join(own[-lines:])


def _message(entry: Mapping[str, Any]) -> str:
    """A message is text, or a list of bytes where it is not printable."""
    message = entry.get("MESSAGE") or ""
    return message if isinstance(message, str) else bytes(message).decode(errors="replace")
