"""An action of Ansible whose host is this machine."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any


class Action:
    """An action whose host is this machine."""

    def __init__(
        self, *before: str, delegate_to: str | None = None, become: Any = None, path: str | None = None
    ) -> None:
        """Take the lines that a login prints, and how the host is reached.

        Args:
            before: the lines.
            delegate_to: the host that the task is delegated to.
            become: how another user is become, as Ansible's plugin.
            path: where the host's shell looks for programs.
        """
        self._templar = self
        self._task = SimpleNamespace(delegate_to=delegate_to, async_val=0)
        self._connection = SimpleNamespace(become=become, has_native_async=False)
        self._before = before
        self._environment = None if path is None else {"PATH": path}
        self.commands: list[str] = []

    @staticmethod
    def _compute_environment_string() -> str:
        return "FROM_THE_PLAY=1"

    @staticmethod
    def template(text: str) -> str:
        """Return a text without any template in it."""
        return text

    def _is_pipelining_enabled(self, style: str) -> bool:
        return style == "new"

    def _low_level_execute_command(self, command: str, in_data: bytes = b"", sudoable: bool = True) -> dict[str, Any]:
        if sudoable and self._connection.become:
            command = f"{self._connection.become.name} {command.partition(' ')[2]}"
        self.commands.append(command)
        done = subprocess.run(
            ["/bin/sh", "-c", command], input=in_data, capture_output=True, check=False, env=self._environment
        )
        text = "\n".join([*self._before, done.stdout.decode()]).rstrip("\n")
        return {
            "rc": done.returncode,
            "stdout": text,
            "stdout_lines": text.splitlines(),
            "stderr": done.stderr.decode(),
        }
