"""The public listener of a release that serves without a proxy.

All releases inherit the one listener that systemd holds, and only the release that `current` names accepts connections
from it: the switch is the same rename as behind nginx, and connections wait in the kernel's queue until then. Where
`current` names a release behind nginx, the former release accepts connections until the listener is closed, as no other
release does.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .bounds import HEAD_SECONDS
from .settings import RELEASE, DirectSettings
from .tls import Certificate

SETTINGS_BELOW = Path("runtime", "asgi_deploy_runtime", "settings.json")  # of a release
_TICK = 0.1
_OTHERS = 5 * _TICK


class Public:
    """The public listener of this release, which is open while the release is live."""

    def __init__(
        self,
        options: DirectSettings,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.Protocol],
        busy: Callable[[], bool],
        backlog: int,
    ) -> None:
        """Prepare the listener; connections are accepted later.

        Args:
            options: the settings `direct`.
            sockets: the listeners.
            protocol: returns the protocol of a connection.
            busy: returns whether a visitor is connected.
            backlog: how many connections may wait to be accepted; it holds for the listener of all releases.
        """
        self._current = Path(options["current"])
        self._stopped = Path(options["stopped"])
        self._certificate = Certificate(options["tls"])
        self._sockets = sockets
        self._protocol = protocol
        self._busy = busy
        self._backlog = backlog
        # Each worker shares this lock while a visitor is connected: so the drain learns when the last one has left.
        self._lock = os.open(Path(os.environ["ASGI_RUNTIME"], "busy"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._locked = False
        self._servers: list[tuple[socket.socket, asyncio.AbstractServer]] = []

    def live(self) -> bool:
        """Return whether `current` names this release, and the application is not stopped."""
        try:
            return self._current.readlink().name == RELEASE and not self._stopped.exists()
        except OSError:
            return False

    def successor(self) -> bool:
        """Return whether the release that `current` names accepts connections from the listener.

        A release whose settings cannot be read counts as one that does.
        """
        try:
            settings = json.loads((self._current / SETTINGS_BELOW).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return True
        return bool(settings.get("direct"))

    @property
    def open(self) -> bool:
        """Return whether connections are accepted."""
        return bool(self._servers)

    async def watch(self, turned: Callable[[bool], None]) -> None:
        """Open and close as `current` changes.

        Args:
            turned: is called before with whether the release is live now.
        """
        while True:
            live = self.live()
            if live and not self.open:
                turned(live)
                await self.start()
            elif self.open and not live and (self._stopped.exists() or self.successor()):
                turned(live)
                await self.stop()
                if self._stopped.exists():
                    await self.refuse()
            self._certificate.refresh()
            self._mark()
            await asyncio.sleep(_TICK)

    async def start(self) -> None:
        """Begin to accept connections."""
        loop = asyncio.get_running_loop()
        for listener in self._sockets:
            duplicate = listener.dup()  # closing it leaves the listener open for other releases
            context = self._certificate.context
            server = await loop.create_server(
                self._protocol, sock=duplicate, ssl=context, ssl_handshake_timeout=HEAD_SECONDS, backlog=self._backlog
            )
            self._servers.append((duplicate, server))

    async def stop(self) -> None:
        """Stop accepting connections; those that are open stay."""
        for duplicate, _server in self._servers:
            asyncio.get_running_loop().remove_reader(duplicate.fileno())
        await asyncio.sleep(_TICK)  # asyncio would lose connections that it has just accepted
        for _socket, server in self._servers:
            server.close()
        self._servers = []

    async def refuse(self) -> None:
        """Make the kernel refuse connections, once the other workers do not use the listener any more either."""
        await asyncio.sleep(_OTHERS)
        for listener in self._sockets:
            with suppress(OSError):  # another worker was first
                listener.shutdown(socket.SHUT_RDWR)

    def _mark(self) -> None:
        busy = self.open or self._busy()
        if busy == self._locked:
            return
        try:
            fcntl.flock(self._lock, (fcntl.LOCK_SH if busy else fcntl.LOCK_UN) | fcntl.LOCK_NB)
            self._locked = busy
        except BlockingIOError:  # the drain is checking it
            return
