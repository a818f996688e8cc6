"""Compare two commits: both deploy the same application to a host of their own, and take turns."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.bench.playbook.measure import cost
from tests.bench.serving.measure import requests
from tests.bench.serving.ways import Way, ours
from tests.demo import versions
from tests.lab import Host, Lab, LabError
from tests.lab.process import run
from tests.project.artifact import build

from .report import LIMIT, Pair, Spent, median, report

HOME = ROOT / ".cache" / "against"
APP, DOMAIN_OF = "shop", "shop.{side}.against.test"
BEFORE, AFTER = "before", "after"
PATH = "/version"


@dataclass(frozen=True)
class Side:
    """One of the two commits, with its collection and its host."""

    name: str
    collections: Path
    host: Host

    @property
    def domain(self) -> str:
        """Return the name that its application has."""
        return DOMAIN_OF.format(side=self.name)

    def site(self, **changes: str) -> Spent:
        """Run the playbook site, and return what it took, here and on the host."""
        entry = {
            "name": APP,
            "git": (HOME / "url").read_text(),
            "version": "v1.0.0",
            "module": "shop.main:app",
            "domains": [self.domain],
            "gate": {"path": "/ready"},
            "watch": {"seconds": 0},
            # All requests come from one address: the limit stays, and is never reached.
            "site": {"rate": "999999/s"},
            "workers": 2,
            "env": changes,
        }
        inventory = HOME / f"{self.name}.json"
        variables = {"certificate_email": "ops@example.com", "asgi_apps": [entry]}
        inventory.write_text(json.dumps({"asgi": {"hosts": {self.name: None}, "vars": variables}}))
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "asgi.deploy.site"]
        argv += [f"--inventory={item}" for item in (HOME / "hosts.yml", inventory)]
        before = self._host_seconds()
        spent = cost(argv, ANSIBLE_COLLECTIONS_PATH=str(self.collections))
        return Spent(spent.cpu + self._host_seconds() - before, spent.wall)

    def serve(self) -> Spent:
        """Load the application, and return the processor time of nginx and the application for each request."""
        sample = requests(self, Way(self.name, "", APP, 443, ours(APP), domain=self.domain, path=PATH))
        if sample.errors:
            raise LabError(f"{self.name}: {sample.errors} requests failed")
        return Spent(sample.server / 1e6, 1 / sample.rate)

    def _host_seconds(self) -> float:
        """Return the processor time that the whole host has used since its boot, in seconds."""
        cgroup = self.host.machine.runner.cgroup()
        if cgroup is None:
            raise LabError(f"{self.name} is not running")
        text = (cgroup / "cpu.stat").read_text()
        return int(dict(line.split() for line in text.splitlines())["usage_usec"]) / 1e6


@contextmanager
def sides(commit: str) -> Iterator[list[Side]]:
    """Yield both sides with their applications deployed, and remove the hosts at the end."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    lab = Lab("against")
    collections = {BEFORE: install(checked_out(commit), BEFORE), AFTER: install(ROOT, AFTER)}
    try:
        lab.up(dict.fromkeys(collections, "trixie"), print)
        lab.acme_up(step=print)
        lab.set_dns({DOMAIN_OF.format(side=name): name for name in collections})
        repository = lab.repository(APP, HOME / "repository")
        versions(repository)
        (HOME / "url").write_text(repository.url)
        (HOME / "hosts.yml").write_text(lab.inventory(acme=True))
        both = [Side(name, path, lab.host(name)) for name, path in collections.items()]
        for side in both:
            spent = side.site()
            print(f"{side.name}: first run {spent.cpu:.1f} s of processor time, {spent.wall:.1f} s", flush=True)
            side.host.run("apt-get install -qqy --no-install-recommends wrk", timeout=300)
            side.host.run(f"echo 127.0.0.1 {side.domain} >> /etc/hosts")
        yield both
    finally:
        lab.down(print)


def checked_out(commit: str) -> Path:
    """Return a folder with the tree of a commit."""
    tree = HOME / "tree"
    run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(tree)])
    run(["git", "-C", str(tree), "checkout", "--quiet", commit])
    return tree


def install(tree: Path, name: str) -> Path:
    """Build the collection of a tree, and return the folder that it is installed in."""
    into = HOME / name
    galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
    artifact = build(tree, into / "artifact")
    path = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(into)}
    run([galaxy, "collection", "install", str(artifact), "--collections-path", str(into)], env=path)
    return into


def pairs(number: int, both: list[Side], take: Callable[[Side], Spent]) -> list[Pair]:
    """Measure both sides so many times, in turn, in a random order; the first time of each is not counted."""
    result: list[Pair] = []
    for count in range(number + 1):
        taken = {side.name: take(side) for side in random.sample(both, len(both))}
        if count:
            result.append(Pair(taken[BEFORE], taken[AFTER]))
            print(f"  {result[-1].ratio:.3f}", end="", flush=True)
    print(f"  median {median([pair.ratio for pair in result]):.3f}", flush=True)
    return result


def main() -> int:
    """Run the comparison; 1 where a median is above the limit."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.against", description=__doc__)
    options.add_argument("commit", help="that this one is compared with")
    options.add_argument("--pairs", type=int, default=10, help="of each kind (%(default)s)")
    arguments = options.parse_args()
    kinds: dict[str, Callable[[Side], Spent]] = {
        "a run that changes nothing": Side.site,
        "a release": lambda side: side.site(RUN=f"{time.time_ns()}"),
        "a request": Side.serve,
    }
    results: dict[str, Any] = {}
    with sides(arguments.commit) as both:
        for kind, take in kinds.items():
            print(kind, flush=True)
            if kind == "a request":  # what serves was started by the last release of each
                time.sleep(5)
            results[kind] = pairs(arguments.pairs, both, take)
    print(report(arguments.commit, results))
    return int(any(median([pair.ratio for pair in result]) > LIMIT for result in results.values()))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"error: {error}")
