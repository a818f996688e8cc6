"""systemd, through systemctl and journalctl."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt, last_lines, run
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,NRestarts,ExecMainStatus,ExecMainCode,Result,NeedDaemonReload"
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
        if self.properties.get("ExecMainCode") == "1":
            return f"its process ended with status {status}"
        return f"its result is {result}"


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


def stop(*names: str) -> None:
    if names:
        run(["systemctl", "stop", "--", *names])


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


def journal(names: Iterable[str], lines: int, since: float | None = None) -> str:
    """The last lines that units logged, without time stamps; `since` is in seconds of the epoch."""
    argv = ["journalctl", "--no-pager", "--output=cat", f"--lines={lines}"]
    argv += [f"--unit={name}" for name in names]
    if since is not None:
        argv.append(f"--since=@{since:.3f}")
    return attempt(argv).stdout.strip()
