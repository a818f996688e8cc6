"""Sockets of systemd whose units change, and the services that use their listeners."""

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
    sockets = {}
    for file in sorted(folder.glob("asgi-*.public.socket")):
        listens = re.search(
            r"^ListenStream=(\d{1,5})$", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        )
        if listens and int(listens[1]) in ports:
            sockets[int(listens[1])] = file.name
    return sockets


class ChangedSockets:
    """The sockets among a set of files that is about to be applied.

    Attributes:
        changed: names of sockets whose files are written.
    """

    def __init__(self, files: Sequence[ManagedFile]) -> None:
        sockets = [file for file in files if file.path.suffix == ".socket"]
        self.changed = [file.path.name for file in sockets if file.state == "file"]
        self._removed = [file.path.name for file in sockets if file.state == "absent"]
        self._up = [unit.name for unit in systemd.show(*self.changed, *self._removed) if unit.active]
        self._pending = [name for name in self.changed if is_pending(name)]  # since an earlier run
        self._dependents = [name for unit in self._up for name in systemd.dependents(unit)]

    def stop_removed(self) -> None:
        """Stop sockets whose files are removed; systemd would keep their ports until the host is rebooted."""
        systemd.stop_running(*(name for name in self._removed if name in self._up))

    def restart(self) -> None:
        """Restart changed sockets that are up, with the services that need them, so that they listen as written."""
        systemd.reload_and_restart(*self.changed)

    def restore(self) -> None:
        """Start the former listeners and their services, once the former files are restored."""
        if self._up:
            systemd.daemon_reload()
            systemd.start(*self._up, *self._dependents)
        for name in self.changed:
            if name not in self._pending:
                mark_applied(name)
