"""Services that end while a release is put live."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd


class RestartWatcher:
    """Tell whether a unit has ended since the watcher was made, even if systemd has started it again.

    It is a function for the gate and the watch. `ended` holds the unit that it has told of.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        """Note how often each unit was restarted so far; `names` gives the name of each in messages."""
        self._names = names
        self._restarts = {unit.name: unit.restarts for unit in systemd.show(*names)}
        self.ended: list[str] = []

    def __call__(self) -> str | None:
        """Return which unit has ended and how; nothing when all stay up."""
        for unit in systemd.show(*self._names):
            if not unit.active or unit.restarts != self._restarts[unit.name]:
                self.ended = [unit.name]
                return f"{self._names[unit.name]} does not stay up: {unit.ending()}"
        return None
