"""The application of this scenario, as the inventory has it."""

from __future__ import annotations

import socket
import ssl

import pytest

from tests import ROOT
from tests.integration.conftest import Web, web
from tests.integration.hosts import APPS, HOSTS, Run, playbook

INVENTORY = ROOT / "molecule" / "web" / "inventory.yml"


class Site(Web):
    """What this application can be asked in bytes."""

    def connect(self, *, name: str | None = None, port: int = 443, seconds: float = 8) -> socket.socket:
        """Return a connection, with TLS on every port but that of plain HTTP."""
        plain = socket.create_connection((self.host.address, port), timeout=seconds)
        context = ssl.create_default_context(cafile=str(self.ca))
        return plain if port == 80 else context.wrap_socket(plain, server_hostname=name or self.domain)

    def raw(self, sent: bytes, *, name: str | None = None, port: int = 443, seconds: float = 8) -> bytes:
        """Return all that comes back for these bytes until nginx ends the connection."""
        with self.connect(name=name, port=port, seconds=seconds) as connection:
            connection.sendall(sent)
            result = b""
            try:
                while part := connection.recv(65536):
                    result += part
            except ConnectionResetError:
                pass
            return result

    def status(self, sent: bytes) -> int:
        """Return the status of the first answer, 0 for none."""
        with self.connect() as connection:
            connection.sendall(sent)
            result = connection.recv(4096)
        return int(result.split(None, 2)[1]) if result.startswith(b"HTTP/") else 0


@pytest.fixture(scope="session")
def site() -> Site:
    return web(APPS, "web", "web", Site)


@pytest.fixture(scope="session", autouse=True)
def the_inventorys_site() -> None:
    run().ok()


def run(*arguments: str) -> Run:
    """Run the playbook with the scenario's inventory."""
    return playbook(*arguments, inventories=(HOSTS, INVENTORY))
