"""Run the matrix, or the versions that are named, and show it as a table."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.clients import https
from tests.demo import versions
from tests.integration.hosts import Run
from tests.lab import Host, Lab, LabError
from tests.lab.lab import render_inventory
from tests.lab.process import tail

from .controller import FOLDER, MITOGEN, MITOGEN_CORE, Controller

LOCKS = Path(__file__).parent
HOME = ROOT / ".cache" / "matrix"
# Those with Debian 12 have Python 3.11, which is the oldest that 2.18 and 2.19 run on; 2.20 and 2.21 ask for 3.12.
CONTROLLERS = {"2.18": "bookworm", "2.19": "bookworm", "2.20": "trixie", "2.21": "trixie"}
HOSTS = {"Debian 12": ("web12", "bookworm"), "Debian 13": ("web13", "trixie"), "Debian 14": ("web14", "forky")}
COLUMNS = ("units", *HOSTS, "deprecations")
DEPRECATION = re.compile(r"^\[DEPRECATION WARNING\].*(?:\n.+)*", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A playbook, whether it has to change anything, and the version that answers afterwards."""

    playbook: str
    arguments: tuple[str, ...] = ()
    changes: bool | None = None
    version: str | None = None

    def __str__(self) -> str:
        return " ".join((self.playbook, *self.arguments))


STEPS = (
    Step("site", ("--check",)),
    Step("site", changes=True, version="1.0.0"),
    Step("site", changes=False, version="1.0.0"),
    Step("site", ("--check", "--diff"), changes=False),
    Step("plan", changes=False),
    Step("release", ("--extra-vars=asgi_version=v1.1.0",), changes=True, version="1.1.0"),
    Step("rollback", changes=True, version="1.0.0"),
    Step("status", changes=False),
)


@dataclass
class Row:
    """What came of one version."""

    core: str
    version: str = ""
    results: dict[str, str] = field(default_factory=dict)

    def note(self, column: str, problem: str, where: str = "") -> None:
        """Write down a result; what is wrong is shown once, and what follows from it is not."""
        if problem and self.results.get(column) != "FAILED":
            print(f"--- ansible-core {self.core}, {column}, {where}\n{problem}", flush=True)
        if self.results.get(column) != "FAILED":
            self.results[column] = "FAILED" if problem else "ok"


@dataclass(frozen=True)
class Cell:
    """One version of ansible-core: a lab of its own, and its row of the table."""

    row: Row
    lab: Lab

    def up(self) -> Controller:
        """Boot the hosts, publish the application, and write down for the controller how to reach both."""
        hosts = {name: release for name, release in HOSTS.values()}
        self.lab.up({"controller": CONTROLLERS[self.row.core], **hosts})
        self.lab.acme_up()
        self.lab.set_dns({self.domain(name): name for name in hosts})
        repository = self.lab.repository("shop", HOME / self.lab.name / "shop")
        versions(repository)
        folder = HOME / self.lab.name
        for name, source in {"key": self.lab.key, "ca.pem": self.lab.acme_https_ca}.items():
            shutil.copyfile(source, folder / name)
        (folder / "key").chmod(0o600)
        entry = {
            "name": "shop",
            "git": repository.url,
            "version": "v1.0.0",
            "module": "shop.main:app",
            "domains": [self.domain("{{ inventory_hostname }}")],
            "gate": {"path": "/ready"},
            "watch": {"seconds": 1},
        }
        variables: dict[str, Any] = {
            "certificate_email": "ops@example.com",
            "certificate_directory": self.lab.acme_directory,
            "certificate_ca_file": f"{FOLDER}/ca.pem",
            "asgi_apps": [entry],
        }
        listed = render_inventory({name: self.lab.host(name).address for name in hosts}, Path(FOLDER, "key"), "asgi")
        assignments = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in variables.items())
        (folder / "inventory.yml").write_text(f"{listed}  vars:\n{assignments}")
        return Controller(self.lab.host("controller"), self.row.core)

    def domain(self, name: str) -> str:
        return f"{name}.{self.lab.name}.test"

    def run(self, artifact: Path) -> None:
        """Run everything, however much of it fails."""
        controller = self.up()
        controller.prepare(LOCKS / f"core-{self.row.core}.txt", artifact)
        folder = HOME / self.lab.name
        controller.send([folder / name for name in ("key", "ca.pem", "inventory.yml")])
        controller.host.run(f"chown admin {FOLDER}/key")
        self.row.version = controller.version()
        units = controller.units()
        self.row.note("units", tail(units.output, 60) if units.status else "")
        for step in STEPS:
            run = controller.playbook(step.playbook, *step.arguments)
            for column, (name, _) in HOSTS.items():
                self.row.note(column, self.problem(step, run, self.lab.host(name)), str(step))
            self.row.note("deprecations", "\n".join(DEPRECATION.findall(run.output)), str(step))
        if self.row.core == MITOGEN_CORE:
            self.by_mitogen(controller)

    def by_mitogen(self, controller: Controller) -> None:
        """Run a playbook by Mitogen, for which modules have to do all."""
        step = Step("status", changes=False)
        run = controller.playbook(step.playbook, "-vvv", **MITOGEN)
        for column, (name, _) in HOSTS.items():
            problem = self.problem(step, run, self.lab.host(name))
            by_modules = f"<{name}> by a module: Mitogen" in run.output
            self.row.note(column, problem or ("" if by_modules else tail(run.output, 60)), f"{step} by Mitogen")

    def problem(self, step: Step, run: Run, host: Host) -> str:
        """Return what is wrong with a host after a step, if anything is."""
        try:
            counts = run.counts(host.name)
        except AssertionError:
            return tail(run.output, 40)
        if counts["failed"] or counts["unreachable"]:
            printed = re.findall(rf"^fatal: \[{host.name}].*$", run.output, re.MULTILINE)
            return "\n".join(printed) or tail(run.output, 60)
        if step.changes is not None and step.changes != bool(counts["changed"]):
            return f"changed={counts['changed']}\n{tail(run.output, 60)}"
        if step.version is None:
            return ""
        answer = https.wait(self.domain(host.name), host.address, self.lab.acme_root, "/version")
        result = answer.json()["version"] if answer.status_code == 200 else answer.text
        return "" if result == step.version else f"answers as {result} instead of {step.version}"


def main(artifact: Path, cores: list[str]) -> int:
    """Run what is asked for one after the other, and show the table."""
    if unknown := set(cores) - set(CONTROLLERS):
        print(f"error: no version {', '.join(sorted(unknown))}; there are {', '.join(CONTROLLERS)}")
        return 2
    rows = []
    for core in cores or CONTROLLERS:
        began = time.monotonic()
        lab = Lab(f"{os.environ.get('ASGI_TEST_LAB', 'matrix')}-{core.replace('.', '-')}")
        rows.append(Row(core))
        try:
            lab.down()
            Cell(rows[-1], lab).run(artifact)
        except LabError as error:
            print(f"--- ansible-core {core}\n{error}", flush=True)
        finally:
            lab.down()
            shutil.rmtree(HOME / lab.name, ignore_errors=True)
        print(f"{core} took {time.monotonic() - began:.0f} s: {rows[-1].results}", flush=True)
    print(f"\n{'ansible-core':26}" + "".join(f"{column:14}" for column in COLUMNS))
    for row in rows:
        print(
            f"{row.version or row.core:26}" + "".join(f"{row.results.get(column, 'not run'):14}" for column in COLUMNS)
        )
    return 0 if all(row.results.get(column) == "ok" for row in rows for column in COLUMNS) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
