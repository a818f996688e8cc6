"""Sockets of systemd whose units change, and the services that use their listeners."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import is_pending, mark_applied
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import port_owners
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.public_sockets import port_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHON
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TO_SERVICE, TO_SOCKETS

_RUNTIME_UNITS = Path("/run/systemd/system")
_PUBLIC = ".public.socket"
_FREE_WITHIN = 2.0  # seconds: workers of nginx close their listeners a moment after they say that they end
_CLOSES = """\
# Written by asgi.deploy. Ends the listening of a socket for all processes that have it.
[Service]
Type=oneshot
Sockets={socket}
ExecStart={python} -Ic "import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)"
"""


class SocketCloser:
    """Ends the listening of sockets of systemd at once, and leaves to their services what they accepted.

    To stop a socket would end its services first, and until then no other program could have the port. It takes a
    service of systemd that is given the listener, and is created while the socket's unit is still there.
    """

    def __init__(self, sockets: Sequence[str]) -> None:
        self._units = [_RUNTIME_UNITS / f"{name.removesuffix('.socket')}.close.service" for name in sockets]
        for name, unit in zip(sockets, self._units):
            unit.parent.mkdir(parents=True, exist_ok=True)
            unit.write_text(_CLOSES.format(socket=name, python=PYTHON), encoding="utf-8")
        if self._units:
            systemd.daemon_reload()

    def close(self) -> None:
        """Make the kernel refuse connections from now on."""
        if self._units:
            systemd.start(*(unit.name for unit in self._units))

    def remove(self) -> None:
        """Remove the services; systemd forgets them when it reads its units again."""
        for unit in self._units:
            unit.unlink(missing_ok=True)


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
        self._ports = [port for file in sockets if (port := port_of(file.content.decode(errors="replace")))]

    def closer(self) -> SocketCloser:
        """Return what frees the ports of removed sockets at once; others have none."""
        return SocketCloser([name for name in self._removed if name in self._up and name.endswith(_PUBLIC)])

    def stop_removed(self) -> None:
        """Stop sockets whose files are removed; systemd would keep their ports until the host is rebooted."""
        removed = [name for name in self._removed if name in self._up]
        systemd.stop_running(*removed)
        systemd.reset_failed(*removed)  # a socket that was closed has failed

    def stop_changed(self) -> None:
        """Stop changed sockets with their services, so that they can start as soon as their new ports are free."""
        systemd.stop_running(*(name for name in self.changed if name in self._up))
        systemd.daemon_reload()

    def take_ports(self) -> None:
        """Start changed sockets on ports that were just given up, and then their services."""
        deadline = time.monotonic() + _FREE_WITHIN
        while port_owners(self._ports) and time.monotonic() < deadline:
            time.sleep(0.005)
        systemd.start(*self.changed, *self._dependents)

    def restart(self) -> None:
        """Restart changed sockets that are up, with the services that need them, so that they listen as written."""
        systemd.reload_and_restart(*self.changed)

    def restore(self, port_goes_to: str | None = None) -> None:
        """Start the former listeners and their services, once the former files are restored."""
        if port_goes_to == TO_SOCKETS:
            systemd.stop_running(*self.changed)
        if self._up:
            systemd.daemon_reload()
            if port_goes_to == TO_SERVICE:  # removed sockets may be closed, which counts as up
                systemd.restart(*self._up)
            systemd.start(*self._up, *self._dependents)
        for name in self.changed:
            if name not in self._pending:
                mark_applied(name)
