"""The hosts as fixtures; what a host logged is shown when a test on it fails."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import testinfra
from testinfra.host import Host as Inside

from tests import https
from tests.integration.hosts import LAB, RELEASES
from tests.lab import Host


@dataclass(frozen=True)
class Web:
    """A host that serves the application: from outside by HTTPS, from inside by SSH."""

    host: Host
    inside: Inside

    @property
    def domain(self) -> str:
        return f"{self.host.name}.example.test"

    @property
    def ca(self) -> Path:
        return LAB.acme_root

    @property
    def url(self) -> str:
        return f"https://{self.domain}"

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        return https.get(self.domain, self.host.address, self.ca, path, **options)

    def live(self) -> str:
        """The release that `current` names."""
        return self.host.run("basename $(readlink /srv/asgi/shop/current)").stdout.strip()

    def drained(self) -> None:
        """Wait until every release that was replaced has stopped."""
        self.host.run(
            "while systemctl list-units --plain --no-legend 'asgi-shop.drain@*' | grep -q .; do sleep 0.2; done"
        )

    def version(self) -> dict[str, Any]:
        """Which version and release answer."""
        answer: dict[str, Any] = self.get("/version").raise_for_status().json()
        return answer

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.host.run("cat /srv/asgi/shop/deploys.jsonl").stdout.splitlines()]


def web(name: str) -> Web:
    """A host by name."""
    host = LAB.host(name)
    inside = testinfra.get_host(
        f"ssh://admin@{host.address}",
        sudo=True,
        ssh_identity_file=str(LAB.key),
        ssh_extra_args="-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR",
    )
    return Web(host, inside)


@pytest.fixture(scope="session", params=sorted(RELEASES), name="web")
def each_web(request: pytest.FixtureRequest) -> Web:
    """Each Debian release in turn."""
    return web(request.param)


@pytest.fixture(scope="session")
def webs() -> list[Web]:
    """All of them."""
    return [web(name) for name in sorted(RELEASES)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Shows the end of the hosts' journals beside a failure."""
    report = yield
    if report.when == "call" and report.failed:
        for host in LAB.hosts():
            if host.running:
                log = host.run("journalctl --no-pager --lines=60 --priority=info", check=False).stdout
                report.sections.append((f"journal of {host.name}", log))
    return report
