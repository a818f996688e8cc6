"""Sockets of systemd whose units change, and the services that have their listeners from them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import is_pending, mark_applied
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS


def public_sockets(ports: Collection[int], folder: Path = Path(UNITS)) -> dict[int, str]:
    """Return the public listeners of applications without nginx that have one of these ports, by port."""
    found = {}
    for file in sorted(folder.glob("asgi-*.public.socket")):
        listens = re.search(
            r"^ListenStream=(\d{1,5})$", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        )
        if listens and int(listens[1]) in ports:
            found[int(listens[1])] = file.name
    return found


class ChangedSockets:
    """The sockets among a set of files that is about to be applied."""

    def __init__(self, items: Sequence[ManagedFile]) -> None:
        sockets = [item for item in items if item.path.suffix == ".socket"]
        self.changed = [item.path.name for item in sockets if item.state == "file"]
        self._gone = [item.path.name for item in sockets if item.state == "absent"]
        self._up = [unit.name for unit in systemd.show(*self.changed, *self._gone) if unit.active]
        self._behind = [name for name in self.changed if is_pending(name)]  # since a run before this one
        self._served = [name for unit in self._up for name in systemd.dependents(unit)]

    def stop_those_that_go(self) -> None:
        """systemd would keep their ports until the host is started anew."""
        systemd.stop_running(*(name for name in self._gone if name in self._up))

    def listen_anew(self) -> None:
        """Has those that are up listen as their units say now; services that need them are started anew."""
        systemd.reload_and_restart(*self.changed)

    def as_before(self) -> None:
        """Once the units are back: the listeners that there were, and their services."""
        if self._up:
            systemd.daemon_reload()
            systemd.start(*self._up, *self._served)
        for name in self.changed:
            if name not in self._behind:
                mark_applied(name)
