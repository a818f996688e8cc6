"""The applications of this scenario, and how code is run in them."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

import pytest

from tests import ROOT
from tests.clients import https
from tests.integration.cloud import have_metadata_service
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, LAB, PREY, Run, playbook

INVENTORY = ROOT / "molecule" / "sandbox" / "inventory.yml"
# The code prints what it found as the application itself does: see prey.main.
STANDALONE = """\
import json, sys
names = {}
try:
    exec(sys.stdin.read(), names)
    found = {"error": None, "result": names.get("result")}
except BaseException as error:
    found = {"error": type(error).__name__, "errno": getattr(error, "errno", None), "text": str(error)}
print(json.dumps(found))
"""
# The unit's processes stop at that time. Of its options those are returned that systemd shows by the same name.
RELOAD = """\
unit='{unit}'
for _ in $(seq 2400); do
    main=$(systemctl show --property=MainPID --value "$unit")
    [ "${{main:-0}}" -gt 0 ] && systemctl kill --signal=STOP "$unit" && break
    sleep 0.05
done
names=$(sed -n 's/^\\([A-Za-z]*\\)=..*/\\1/p' /run/systemd/transient/$unit | sort -u | paste -sd,)
show() {{ systemctl show --property="$names" "$unit" | sed 's/ ; ignore_errors=.*//'; }}
show; echo; systemctl daemon-reload; show
systemctl kill --signal=CONT "$unit"
"""


@dataclass(frozen=True)
class Prey(Web):
    """An application that runs what it is sent."""

    def attack(self, code: str) -> dict[str, Any]:
        """Return the result of code in the process that serves."""
        answer = https.ask("POST", self.domain, self.host.address, self.ca, "/run", content=code.encode())
        results: dict[str, Any] = answer.raise_for_status().json()
        return results

    def as_root(self, code: str) -> dict[str, Any]:
        """Return the result of the same code when root runs it on the host, in no sandbox."""
        done = self.host.run(f"printf %s {shlex.quote(code)} | python3 -c {shlex.quote(STANDALONE)}")
        results: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return results

    def reloaded(self, unit: str) -> tuple[list[str], list[str]]:
        """Return a transient unit's properties at its start, and after systemd has read its units again."""
        before, after = self.host.run(RELOAD.format(unit=unit), timeout=240).stdout.split("\n\n")
        return shown(before), shown(after)

    @property
    def service(self) -> str:
        return f"asgi-{self.app}@{self.live()}.service"

    def main(self) -> int:
        """Return the first process of its service."""
        return int(self.host.run(f"systemctl show --property=MainPID --value {self.service}").stdout)

    def exposure(self, unit: str) -> float:
        """Return the number that systemd-analyze gives a unit's sandbox, from 0 to 10."""
        last = self.host.run(f"systemd-analyze security --no-pager {unit}").stdout.splitlines()[-1]
        return float(last.split(":")[1].split()[0])


def shown(text: str) -> list[str]:
    """Return properties as systemd shows them; units are in an order of its own."""
    lines = (line.partition("=") for line in text.splitlines())
    lists = ("After", "Requires", "Wants")
    return [f"{name}={' '.join(sorted(value.split())) if name in lists else value}" for name, _, value in lines]


def scenario(*arguments: str, name: str = "site") -> Run:
    return playbook(*arguments, name=name, inventories=(HOSTS, INVENTORY))


def prey(app: str) -> Prey:
    return web(PREY, f"{app}.{PREY}", app, Prey)


@pytest.fixture(scope="session", autouse=True)
def metadata_service() -> None:
    """Run a cloud's metadata service; the host is one of its machines."""
    have_metadata_service(LAB.host(PREY))


@pytest.fixture(scope="session")
def attacked() -> Prey:
    return prey("attacked")


@pytest.fixture(scope="session")
def neighbour() -> Prey:
    return prey("neighbour")


@pytest.fixture(scope="session")
def opened() -> Prey:
    return prey("opened")
