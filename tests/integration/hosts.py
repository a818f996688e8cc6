"""The hosts of molecule's scenarios, and how tests run a playbook against them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.demo import versions
from tests.lab import Lab, LabError

TOP = Path(__file__).resolve().parents[2]
HOSTS = TOP / ".cache" / "molecule" / "hosts.yml"
INVENTORY = TOP / "molecule" / "inventory.yml"
LAB = Lab("molecule")
RELEASES = {"web13": "trixie", "web12": "bookworm"}
# Output to read in, whatever molecule has set for its own.
PLAIN = {"ANSIBLE_HOST_KEY_CHECKING": "false", "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
BARE = "bare"  # a host that nothing was installed on, for what must end before anything is


@dataclass(frozen=True)
class Run:
    """How a playbook ended."""

    status: int
    output: str

    def counts(self, host: str) -> dict[str, int]:
        """The line of a host in the recap, as numbers."""
        line = re.search(rf"^{host}\s*: (.*)$", self.output, re.MULTILINE)
        assert line, self.output
        return {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", line[1])}

    def ok(self) -> Run:
        """Itself, when it succeeded."""
        assert self.status == 0, self.output
        return self


def playbook(
    *arguments: str, name: str = "site", inventories: tuple[Path, ...] = (HOSTS, INVENTORY), **env: str
) -> Run:
    """Run a playbook of asgi.deploy and wait for its end."""
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), f"asgi.deploy.{name}"]
    argv += [f"--inventory={inventory}" for inventory in inventories]
    done = subprocess.run(
        [*argv, *arguments],
        cwd=TOP,
        env={**os.environ, **PLAIN, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return Run(done.returncode, done.stdout)


def only(domain: str, **changes: Any) -> str:
    """Extra variables that replace the inventory's application by one with other options."""
    entry = {
        "name": "shop",
        "git": "{{ shop_repository }}",
        "version": "v1.1.0",
        "module": "shop.main:app",
        "domains": [domain],
        "gate": {"path": "/ready"},
        "watch": {"seconds": 1},
    }
    return json.dumps({"asgi_apps": [{**entry, **changes}]})


def up() -> None:
    """Boot the hosts, publish the application, and write down how to reach both."""
    LAB.up({**RELEASES, BARE: "trixie"}, print)
    LAB.acme_up(step=print)
    LAB.set_dns({f"{name}.example.test": name for name in RELEASES})
    repository = LAB.repository("shop", HOSTS.parent / "shop")
    versions(repository)
    variables = {
        "shop_repository": repository.url,
        "certificate_directory": LAB.acme_directory,
        "certificate_ca_file": LAB.acme_https_ca,
    }
    lines = [f"    {name}: {value}\n" for name, value in variables.items()]
    HOSTS.parent.mkdir(parents=True, exist_ok=True)
    HOSTS.write_text(LAB.inventory() + "  vars:\n" + "".join(lines))


def down() -> None:
    """Remove them."""
    LAB.down(print)


if __name__ == "__main__":
    try:
        {"up": up, "down": down}[sys.argv[1]]()
    except LabError as error:
        sys.exit(f"error: {error}")
