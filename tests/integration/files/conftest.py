"""The application of this scenario, as the inventory has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import ROOT
from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import ALL_WEBS, HOSTS, Run, playbook

INVENTORY = ROOT / "molecule" / "files" / "inventory.yml"
VAULT = {"ANSIBLE_VAULT_PASSWORD_FILE": str(HOSTS.parent / "files" / "controller" / "vault-password")}


@dataclass(frozen=True)
class Site(Web):
    """What this application can be asked."""

    def settings(self) -> dict[str, Any]:
        """Return what the application was given."""
        result: dict[str, Any] = self.get("/settings").raise_for_status().json()
        return result

    def post(self, path: str) -> httpx.Response:
        """Make the application do something."""
        return https.ask("POST", self.domain, self.host.address, self.ca, path)

    def put(self, path: str, content: str) -> httpx.Response:
        """Make the application write a file."""
        return https.ask("PUT", self.domain, self.host.address, self.ca, path, content=content)


@pytest.fixture(scope="session")
def site() -> Site:
    return web(ALL_WEBS[0], "files", "files", Site)


@pytest.fixture(scope="session", autouse=True)
def the_inventorys_release() -> None:
    run().ok()


def run(*arguments: str, name: str = "site", inventory: Path = INVENTORY) -> Run:
    """Run a playbook with the scenario's inventory."""
    return playbook(*arguments, name=name, inventories=(HOSTS, inventory), **VAULT)
