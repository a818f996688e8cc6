"""Services that end while a release is put live."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import processes, systemd

_SECONDS = 1.0


class RestartWatcher:
    """A function that returns whether a unit has ended since the watcher was made, even if systemd restarted it.

    The gate and the watch call it. While the main process of each unit lives on, systemd is queried once a second: more
    often would take the processor from what is starting.

    Attributes:
        ended: the unit that was found to have ended, if one was.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        """Record how often each unit was restarted so far; `names` gives the name of each in messages."""
        self._names = names
        units = self._show()
        self._restarts = {unit.name: unit.restarts for unit in units}
        self.ended: list[str] = []

    def __call__(self) -> str | None:
        """Return which unit has ended and how; None when all stay up."""
        if self._mains and time.monotonic() < self._next and self._live_on():
            return None
        for unit in self._show():
            if not unit.active or unit.restarts != self._restarts[unit.name]:
                self.ended = [unit.name]
                return f"{self._names[unit.name]} does not stay up: {unit.ending()}"
        return None

    def processes(self) -> set[int]:
        """Return the main processes of the units, as systemd last showed them, and their descendants."""
        parent_of = processes.parents()
        return set().union(*(processes.descendants(main, parent_of) for main in self._mains))

    def children(self) -> set[int]:
        """Return the processes that the main processes started themselves, such as the workers of a server."""
        return {child for child, parent in processes.parents().items() if parent in self._mains}

    def _live_on(self) -> bool:
        return all(processes.start_ticks(main) == began for main, began in self._mains.items())

    def _show(self) -> list[systemd.Unit]:
        units = systemd.show(*self._names)
        mains = {unit.main: processes.start_ticks(unit.main) for unit in units}
        self._mains = mains if all(mains.values()) else {}
        self._next = time.monotonic() + _SECONDS
        return units
