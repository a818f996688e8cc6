"""The host of the scenario, and what is seen of the application's processes there."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.integration.conftest import Web, web
from tests.integration.hosts import ALL_WEBS, HOSTS, Run, playbook

INVENTORY = ROOT / "molecule" / "processes" / "inventory.yml"
NAME = "work"


class Site(Web):
    """What is seen of the processes, and how they are changed."""

    def run(self, *arguments: str, name: str = "site", **variables: Any) -> Run:
        """Return a playbook with the scenario's inventory, and other values of its variables."""
        extra = ("--extra-vars", json.dumps(variables)) if variables else ()
        return playbook(*arguments, *extra, name=name, inventories=(HOSTS, INVENTORY))

    def changed(self, *arguments: str, **changes: Any) -> Run:
        """Return a run with other options of the application."""
        return self.run(*arguments, asgi_apps=[{**entry(), **changes}])

    def units(self) -> set[str]:
        """List processes, timers and targets of the application that run or are on their way, without its name."""
        patterns = " ".join(f"'asgi-{NAME}.{kind}'" for kind in ("process-*", "live@*", "job-*.timer"))
        listing = "systemctl list-units --plain --no-legend --full --state=active,activating,deactivating"
        text = self.host.run(f"{listing} {patterns}").stdout
        return {line.split()[0].removeprefix(f"asgi-{NAME}.") for line in text.splitlines()}

    def settled(self) -> set[str]:
        """Return the same, once what was asked to stop has ended."""
        self.host.run(
            f"while systemctl list-units --plain --no-legend --state=deactivating 'asgi-{NAME}.*' | grep -q .; "
            "do sleep 0.2; done",
            timeout=60,
        )
        return self.units()

    def log(self, process: str) -> list[dict[str, Any]]:
        """Return what a process wrote of itself."""
        text = self.host.run(f"cat /var/lib/asgi/{NAME}/{process}.log").stdout
        return [json.loads(line) for line in text.splitlines()]


def entry() -> dict[str, Any]:
    """Return the application's entry in the scenario's inventory."""
    result: dict[str, Any] = yaml.safe_load(INVENTORY.read_text())["asgi"]["vars"]["asgi_apps"][0]
    return result


def working(release: str) -> set[str]:
    """Return what runs next to the server of a release, and nothing else."""
    processes = {f"process-{name}@{release}.service" for name in ("worker-1", "worker-2", "scheduler-1")}
    return processes | {f"live@{release}.target", f"job-tick@{release}.timer"}


@pytest.fixture(scope="session")
def site() -> Site:
    """Return the site with the inventory's own release live."""
    one = web(ALL_WEBS[0], NAME, NAME, Site)
    one.run().ok()
    return one
