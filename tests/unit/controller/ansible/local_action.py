"""An action of Ansible whose host is this machine."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any


class Action:
    """An action whose host is this machine."""

    def __init__(self, *before: str, delegate_to: str | None = None) -> None:
        self._templar = self
        self._task = SimpleNamespace(delegate_to=delegate_to)
        self.before = before  # what a login says

    @staticmethod
    def _compute_environment_string() -> str:
        return "FROM_THE_PLAY=1"

    @staticmethod
    def template(text: str) -> str:
        return text

    def _low_level_execute_command(self, command: str, in_data: bytes) -> dict[str, Any]:
        done = subprocess.run(["sh", "-c", command], input=in_data, capture_output=True, check=False)
        text = "\n".join([*self.before, done.stdout.decode()]).rstrip("\n")
        return {
            "rc": done.returncode,
            "stdout": text,
            "stdout_lines": text.splitlines(),
            "stderr": done.stderr.decode(),
        }
