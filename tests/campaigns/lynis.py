"""What lynis says of a bare host, and of the same host with the role hardening: `make lynis`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import ROOT
from tests.integration.hosts import PLAIN
from tests.lab import Host, Lab, LabError

PLAYBOOK = """\
- hosts: all
  become: true
  gather_subset: ["!all", "!min", distribution]
  tasks:
    - ansible.builtin.include_role:
        name: asgi.deploy.hardening
"""
RELEASES = {"web12": "bookworm", "web13": "trixie"}


def index(host: Host) -> tuple[int, int]:
    """Return the hardening index, and how many suggestions there are."""
    host.run("command -v lynis || apt-get install -qy --no-install-recommends lynis", timeout=300)
    shown = host.run("lynis audit system --quick --no-colors", check=False, timeout=900).stdout
    report = host.run("cat /var/log/lynis-report.dat").stdout
    result = re.search(r"Hardening index : (\d+)", shown)
    assert result, shown[-2000:]
    return int(result[1]), report.count("\nsuggestion[]=")


def harden(inventory: Path) -> None:
    """Run only the role, as a user does who has no application yet."""
    playbook = inventory.with_name("playbook.yml")
    playbook.write_text(PLAYBOOK)
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), f"--inventory={inventory}"]
    subprocess.run(argv, cwd=ROOT, env={**os.environ, **PLAIN}, stdout=subprocess.DEVNULL, check=True, timeout=1200)


def main() -> int:
    lab = Lab("lynis")
    home = ROOT / ".cache" / "lynis"
    home.mkdir(parents=True, exist_ok=True)
    try:
        lab.up(RELEASES, print)
        (home / "inventory.yml").write_text(lab.inventory())
        before = {name: index(lab.host(name)) for name in RELEASES}
        harden(home / "inventory.yml")
        after = {name: index(lab.host(name)) for name in RELEASES}
    finally:
        lab.down(print)
    for name, release in RELEASES.items():
        print(f"{release}: index {before[name][0]} before, {after[name][0]} after; ", end="")
        print(f"{before[name][1]} suggestions before, {after[name][1]} after")
    return 0 if all(after[name][0] > before[name][0] for name in RELEASES) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"error: {error}")
