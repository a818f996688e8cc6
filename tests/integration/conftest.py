"""The hosts as fixtures; what a host logged is shown when a test on it fails."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, overload

import httpx
import pytest
import testinfra
from testinfra.host import Host as Inside

from tests.clients import https
from tests.integration.hosts import DOMAIN, LAB, WEBS, module, playbook
from tests.lab import Host


@dataclass(frozen=True)
class Web:
    """A host that serves the application: from outside by HTTPS, from inside by SSH."""

    host: Host
    inside: Inside
    label: str
    app: str

    @property
    def domain(self) -> str:
        return f"{self.label}.{DOMAIN}"

    @property
    def ca(self) -> Path:
        return LAB.acme_root

    @property
    def url(self) -> str:
        return f"https://{self.domain}"

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        return https.get(self.domain, self.host.address, self.ca, path, **options)

    def live(self) -> str:
        """Return the release that `current` names."""
        return self.host.run(f"basename $(readlink /srv/asgi/{self.app}/current)").stdout.strip()

    def drained(self) -> None:
        """Wait until every release that was replaced has stopped; until then nginx may keep connections to it."""
        units = f"systemctl list-units --plain --no-legend 'asgi-{self.app}.drain@*'"
        self.host.run(f'while ! left=$({units}) || [ -n "$left" ]; do sleep 0.5; done')

    def eventually(self, command: str) -> str:
        """Return what a command prints on the host as soon as it succeeds, which has to be within a minute."""
        return self.host.run(f"for n in $(seq 300); do ( {command} ) && exit; sleep 0.2; done; exit 1").stdout

    def asked(self, release: str, path: str = "/ready") -> str:
        """Return the status with which a release answers on its own socket; nothing where it does not within five
        seconds.
        """
        socket = f"/srv/asgi/{self.app}/releases/{release}/app.sock"
        return self.host.run(f"python3 -c {shlex.quote(ASK)} {socket} {path}", check=False).stdout.strip()

    def version(self) -> dict[str, Any]:
        """Return which version and release answer."""
        answer: dict[str, Any] = self.get("/version").raise_for_status().json()
        return answer

    def info(self) -> dict[str, Any]:
        """Return what asgi.deploy.release_info returns."""
        return module(self.host.name, "release_info", name=self.app)

    def audit(self) -> list[dict[str, Any]]:
        """Return the attempts in the audit trail, each by the last of its lines."""
        lines = [json.loads(line) for line in self.host.run(f"cat {self.trail}").stdout.splitlines()]
        return list({line.get("id", number): line for number, line in enumerate(lines)}.values())

    @property
    def trail(self) -> str:
        return f"/srv/asgi/{self.app}/deploys.jsonl"


# On the host, where there is no curl.
ASK = """
import socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.settimeout(5)
asked.connect(sys.argv[1])
asked.sendall(f"GET {sys.argv[2]} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode())
print(asked.recv(100).split()[1].decode())
"""
W = TypeVar("W", bound=Web)
# Of a journal, what says nothing about a failure.
ROUTINE = re.compile(
    r"sshd|sudo|systemd-logind|pam_unix|systemd\[(?!1\])|user@|user-|session-c?\d+\.scope|: Invoked with|^\s"
    r'|"asgi\.access".*"status": [123]'
)


@overload
def web(name: str, label: str | None = None, app: str = "shop") -> Web: ...
@overload
def web(name: str, label: str, app: str, kind: type[W]) -> W: ...
def web(name: str, label: str | None = None, app: str = "shop", kind: type[Web] = Web) -> Web:
    """Return an application on a host, by default the one that has the host's name; `kind` is what it can be asked."""
    host = LAB.host(name)
    inside = testinfra.get_host(
        f"ssh://admin@{host.address}",
        sudo=True,
        ssh_identity_file=str(LAB.key),
        ssh_extra_args="-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR",
    )
    return kind(host, inside, label or name, app)


@pytest.fixture(scope="module", params=sorted(WEBS), name="web")  # pytest would mix modules, and make theirs again
def each_web(request: pytest.FixtureRequest) -> Web:
    """Return each host of the inventory that the scenario uses, in turn. Those of `deploy` run two
    releases of Debian.
    """
    return web(request.param)


@pytest.fixture(scope="session")
def webs() -> list[Web]:
    """Return all applications."""
    return [web(name) for name in sorted(WEBS)]


@pytest.fixture(scope="module")
def the_inventorys_release() -> None:
    """Make the inventory's release live, whatever was before."""
    playbook().ok()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show the end of the hosts' journals, those of applications among them, with a failure."""
    report = yield
    if report.when == "call" and report.failed:
        for host in LAB.hosts():
            if host.running:
                report.sections.append((f"journal of {host.name}", journal(host)))
    return report


def journal(host: Host) -> str:
    """Return its last lines but those of the tests' own logins and modules, and of requests that were answered well."""
    output = host.run("journalctl --namespace='*' --no-pager --lines=1000 --priority=info", check=False).stdout
    return "\n".join([line[:2000] for line in output.splitlines() if not ROUTINE.search(line)][-40:])
