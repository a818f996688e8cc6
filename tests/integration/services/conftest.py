"""The application that uses PostgreSQL and Redis, and these two."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml

from tests import ROOT
from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, SIDE, Run, playbook

INVENTORY = ROOT / "molecule" / "services" / "inventory.yml"
PATIENCE = 30.0
"""Seconds in which the application must have noticed that a service has gone or is back."""


@dataclass(frozen=True)
class Orders(Web):
    """The application, and the services that it uses."""

    def order(self, item: str) -> httpx.Response:
        return https.ask("POST", self.domain, self.host.address, self.ca, "/orders", json={"item": item})

    def releases(self) -> set[str]:
        return set(self.host.run("ls /srv/asgi/orders/releases").stdout.split())

    def shown(self, unit: str, *properties: str) -> dict[str, str]:
        """Return properties of a unit as systemd has them."""
        text = self.host.run(f"systemctl show {unit} {' '.join(f'-p {name}' for name in properties)}").stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    def process(self) -> dict[str, str]:
        """Return what would be different after a restart of the service."""
        return self.shown(f"asgi-orders@{self.live()}.service", "ActiveState", "MainPID", "NRestarts")

    def down(self) -> list[str]:
        """Return the services that readiness waits for, by the answer of whichever worker is asked."""
        began = time.monotonic()
        answer = self.get("/ready")
        assert time.monotonic() - began < PATIENCE, "a probe must not hang with what it asks"
        body = answer.json()
        assert (answer.status_code == 200) == (body["status"] == "ready"), body
        assert (answer.status_code == 503) == bool(body["down"]), body
        return list(body["down"])

    def wait(self, *down: str) -> None:
        """Wait until every worker finds these services down and no others."""
        began = time.monotonic()
        in_a_row = 0
        while in_a_row < 6:  # of 2 workers
            result = self.down()
            in_a_row = in_a_row + 1 if result == list(down) else 0
            assert time.monotonic() - began < PATIENCE, f"{result} are down, not {list(down)}"

    def deploy(self, **changes: Any) -> Run:
        """Run the playbook with changes to the inventory's application; None takes an option away."""
        [app] = yaml.safe_load(INVENTORY.read_text())["asgi"]["vars"]["asgi_apps"]
        entry = {key: value for key, value in {**app, **changes}.items() if value is not None}
        return playbook("--extra-vars", json.dumps({"asgi_apps": [entry]}), inventories=(HOSTS, INVENTORY))


@pytest.fixture(scope="session")
def orders() -> Orders:
    return web(SIDE, "services", "orders", Orders)


@pytest.fixture
def broken_database(orders: Orders) -> Callable[[], None]:
    """Stop PostgreSQL, and make it unable to start before the returned function repairs it."""
    setting = "$(ls -d /etc/postgresql/*/main)/conf.d/broken.conf"
    orders.host.run(f"echo 'shared_buffers = nonsense' >{setting}; systemctl stop postgresql.service 'postgresql@*'")

    def repair() -> None:
        orders.host.run(f"rm -f {setting}")

    return repair
