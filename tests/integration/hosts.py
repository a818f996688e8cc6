"""The hosts of molecule's scenarios by name, and how tests run a playbook against them."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.demo import versions
from tests.integration import pki
from tests.integration.docs import shelf
from tests.integration.files import storefront
from tests.integration.scenarios import SCENARIOS, hosts_of, named
from tests.lab import Lab, LabError
from tests.project import times

HOSTS = ROOT / ".cache" / "molecule" / "hosts.yml"
INVENTORY = ROOT / "molecule" / "inventory.yml"
LAB = Lab(os.environ.get("ASGI_TEST_LAB", "molecule"))  # another name, to test two clones on one machine at once
DOMAIN = f"{LAB.name}.test"
# Those that have the application of molecule/inventory.yml: all, or the scenario's that runs.
RUNNING = SCENARIOS.get(os.environ.get("MOLECULE_SCENARIO_NAME", ""))
ALL_WEBS = ("web1", "web2")
WEBS = tuple(name for name in ALL_WEBS if RUNNING is None or name in RUNNING.hosts)
# With that inventory and no other: the scenario's hosts only, where it has fewer.
SHARED = [f"--limit={','.join(WEBS)}"] if WEBS != ALL_WEBS else []
# Output to read in, whatever molecule has set for its own.
PLAIN = {"ANSIBLE_HOST_KEY_CHECKING": "false", "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
PKI = HOSTS.parent / "pki"
BARE = "bare"  # a host that nothing was installed on, for what must end before anything is
HELPER = "helper"  # a host that nothing is deployed to: it visits others, and serves git
# Hosts of many applications, each with a name of its own; two, so that scenarios can run side by side.
APPS, SIDE = "apps", "side"
SIDE2 = "side2"  # for what has to be seen on both releases of Debian
DIRECT = "direct"  # a host without nginx
PREY = "prey"  # whose applications are broken into
READER, MOVED = "reader", "moved"  # of those who read the documentation: a bare host, and one that serves already
PATHS = "paths"  # a host of applications that share a domain
# Names besides the hosts' own, by host.
SITES = {
    ALL_WEBS[0]: ["work", "files"],
    APPS: [
        "gunicorn",
        "gunicorn-asgi",
        "uvicorn",
        "uvicorn-workers",
        "sync",
        "gthread",
        "wsgi",
        "archive",
        "directory",
        "package",
        "offline",
        "mirrored",
        "fetched",
        "repository",
        "web",
        "old-web",
    ],
    SIDE: ["services", "secure", "other.secure", "given"],
    SIDE2: ["secure2", "older"],
    DIRECT: ["open", "closed"],
    PATHS: ["paths"],
    READER: ["reader"],
    MOVED: ["moved"],
    PREY: [f"{app}.{PREY}" for app in ("attacked", "neighbour", "opened")],
}


@dataclass(frozen=True)
class Run:
    """How a playbook ended."""

    status: int
    output: str

    def counts(self, host: str) -> dict[str, int]:
        """Return the line of a host in the recap, as numbers."""
        line = re.search(rf"^{host}\s*: (ok=.*)$", self.output, re.MULTILINE)
        assert line, self.output
        return {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", line[1])}

    def ok(self) -> Run:
        """Return this run if it succeeded; fail the test otherwise."""
        assert self.status == 0, self.output
        return self


def playbook(
    *arguments: str, name: str = "site", inventories: tuple[Path, ...] = (HOSTS, INVENTORY), **env: str
) -> Run:
    """Run a playbook of asgi.deploy and wait for its end."""
    times.note_run()
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), f"asgi.deploy.{name}"]
    argv += [f"--inventory={inventory}" for inventory in inventories]
    argv += SHARED if inventories == (HOSTS, INVENTORY) else []
    done = subprocess.run(
        [*argv, *arguments],
        cwd=ROOT,
        env={**os.environ, **PLAIN, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=float(os.environ.get("ASGI_TEST_TIMEOUT", "600")),  # more on slow hosts
        check=False,
    )
    return Run(done.returncode, done.stdout)


def module(host: str, name: str, /, **options: Any) -> dict[str, Any]:
    """Return what a module of asgi.deploy returns."""
    printed = _module(host, name, **options)
    result: dict[str, Any] = json.loads(printed[printed.index("{") :])
    return result


def logs(host: str, app: str, **options: Any) -> tuple[list[str], str]:
    """Return the lines that asgi.deploy.logs shows, and where the journal ends."""
    printed, _, answer = _module(host, "logs", name=app, **options).partition(f"{host} | SUCCESS => ")
    return printed.splitlines(), json.loads(answer)["cursor"]


def _module(host: str, name: str, /, **options: Any) -> str:
    argv = [str(Path(sys.executable).with_name("ansible")), host, "--become", f"--inventory={HOSTS}"]
    argv += [f"--module-name=asgi.deploy.{name}", f"--args={json.dumps(options)}"]
    done = subprocess.run(argv, env={**os.environ, **PLAIN}, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def only(domain: str, **changes: Any) -> str:
    """Return extra variables that replace the inventory's application by one with other options."""
    entry = {
        "name": "shop",
        "git": "{{ shop_repository }}",
        "version": "v1.1.0",
        "module": "shop.main:app",
        "domains": [domain],
        "gate": {"path": "/ready"},
        "workers": "2",
        "watch": {"seconds": 1},
        "site": {"rate": "none"},
    }
    return json.dumps({"asgi_apps": [{**entry, **changes}]})


def up(scenarios: Iterable[str] = ()) -> None:
    """Boot the hosts of these scenarios, or of all, publish the applications, and write down how to reach both."""
    hosts = hosts_of(named(list(scenarios)))
    LAB.up(hosts, print)
    LAB.acme_up(step=print)
    LAB.set_dns({f"{name}.{DOMAIN}": name for name in WEBS if name in hosts})
    LAB.set_dns({f"{label}.{DOMAIN}": name for name, labels in SITES.items() if name in hosts for label in labels})
    pki.make(PKI, f"closed.{DOMAIN}")
    pki.issue(PKI, "given", f"given.{DOMAIN}")
    repository = LAB.repository("shop", HOSTS.parent / "shop")
    versions(repository)
    wsgi = LAB.repository("wsgi", HOSTS.parent / "wsgi")
    versions(wsgi, ROOT / "tests" / "integration" / "apps" / "wsgi")
    variables = {
        "test_domain": DOMAIN,
        "test_pki": PKI,
        "shop_repository": repository.url,
        "wsgi_repository": wsgi.url,
        "certificate_directory": LAB.acme_directory,
        "certificate_ca_file": LAB.acme_https_ca,
    }
    prey = LAB.repository("prey", HOSTS.parent / "prey")
    prey.create(ROOT / "tests" / "integration" / "sandbox" / "source")
    prey.commit("v1.0.0")
    variables["prey_repository"] = prey.url
    if HELPER in hosts:
        variables["test_helper"] = LAB.host(HELPER).address
    if SIDE in hosts:
        variables["test_neighbour"] = LAB.host(SIDE).address
    if APPS in hosts:
        variables["test_http3"] = json.dumps(LAB.host(APPS).release != "bookworm")
    shelf.publish(LAB, HOSTS.parent / "docs")
    variables |= storefront.publish(LAB, HOSTS.parent / "files")
    lines = [f"    {name}: {value}\n" for name, value in variables.items()]
    HOSTS.parent.mkdir(parents=True, exist_ok=True)
    HOSTS.write_text(LAB.inventory() + "  vars:\n" + "".join(lines))


def down() -> None:
    """Remove them."""
    LAB.down(print)


def main() -> None:
    """Boot hosts or remove them, as asked on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.hosts", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    boot = actions.add_parser("up", help="boot the hosts of scenarios, or of all")
    boot.add_argument("scenarios", nargs="*", metavar="scenario")
    actions.add_parser("down", help="remove all hosts of the lab")
    options = parser.parse_args()
    if options.action == "down":
        down()
    else:
        up(options.scenarios)


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"error: {error}")
