"""The scenario's applications: how each is asked, released again, and refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.clients import https
from tests.integration.hosts import APPS, DOMAIN, HOSTS, LAB, Run, playbook
from tests.integration.scenarios import DEBIAN
from tests.integration.sources.prepare import FOLDER, INVENTORY
from tests.lab import Host

# Python and glibc of the hosts, whose Debian the matrix chooses.
PYTHON, GLIBC = {"bookworm": ("3.11", "2.36"), "forky": ("3.14", "2.43")}.get(
    os.environ.get(DEBIAN, ""), ("3.13", "2.41")
)


@dataclass(frozen=True)
class App:
    """One of the inventory's applications, on the scenario's host."""

    name: str
    entry: dict[str, Any]

    @property
    def host(self) -> Host:
        return LAB.host(APPS)

    def version(self) -> dict[str, Any]:
        """Return which version and release answer, over HTTPS."""
        answer = https.wait(f"{self.name}.{DOMAIN}", self.host.address, LAB.acme_root, "/version")
        result: dict[str, Any] = answer.raise_for_status().json()
        return result

    def record(self) -> dict[str, Any]:
        """Return what is known of the live release."""
        result: dict[str, Any] = json.loads(self.host.run(f"cat /srv/asgi/{self.name}/current/release.json").stdout)
        return result

    def run(self, *arguments: str, **changes: Any) -> Run:
        """Return the playbook with only this application, its entry changed."""
        entry = {key: value for key, value in {**self.entry, **changes}.items() if value is not None}
        variables = json.dumps({"asgi_apps": [entry]})
        return playbook("--extra-vars", variables, *arguments, inventories=(HOSTS, INVENTORY))

    def refused(self, **changes: Any) -> str:
        """Return a run that must fail and leave what serves as it is."""
        before = self.version()["release"]
        run = self.run(**changes)
        assert run.status != 0, run.output
        assert self.version()["release"] == before
        return run.output.replace("\\n", "\n")


@pytest.fixture(scope="session", name="app")
def app_by_name() -> Callable[[str], App]:
    entries = {app["name"]: app for app in yaml.safe_load(INVENTORY.read_text())["asgi"]["vars"]["asgi_apps"]}
    return lambda name: App(name, entries.get(name, {}))


@pytest.fixture(scope="session")
def prepared() -> dict[str, str]:
    """Return what was made for the scenario."""
    result: dict[str, str] = json.loads((FOLDER / "prepared.json").read_text())
    return result
