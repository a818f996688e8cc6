"""The applications of this scenario, each by the beginning of its URLs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests import ROOT
from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, PATHS, Run, playbook

INVENTORY = ROOT / "molecule" / "paths" / "inventory.yml"


@dataclass(frozen=True)
class Part(Web):
    """An application below a path."""

    path: str

    @property
    def url(self) -> str:
        return f"https://{self.domain}{self.path}"

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        return https.get(self.domain, self.host.address, self.ca, f"{self.path}{path}", **options)

    def logged(self, text: str) -> str:
        """Return what nginx wrote down of its requests, once that has a text in it."""
        log = f"/var/log/nginx/asgi/{self.app}.access.log"
        return self.eventually(f"grep -qF '{text}' {log} && cat {log}")


def part(name: str, path: str) -> Part:
    result = web(PATHS, "paths", name)
    return Part(result.host, result.inside, result.label, result.app, path)


@pytest.fixture(scope="session")
def front() -> Part:
    return part("front", "")


@pytest.fixture(scope="session")
def blog() -> Part:
    return part("blog", "/blog")


@pytest.fixture(scope="session")
def till() -> Part:
    return part("till", "/till")


@pytest.fixture(scope="session", autouse=True)
def the_inventorys_applications() -> None:
    run().ok()


def run(*arguments: str, name: str = "site", **variables: Any) -> Run:
    """Run the playbook with the scenario's inventory, and other values of its variables."""
    extra = [f"--extra-vars={key}={value}" for key, value in variables.items()]
    return playbook(*arguments, *extra, name=name, inventories=(HOSTS, INVENTORY))
