"""The demo: what a user would do, on a throw-away host, with an inventory to go on with."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests import ROOT
from tests.clients import https
from tests.lab import Lab, LabError

from .repository import versions

HOME = ROOT / ".demo"
INVENTORY = HOME / "inventory.yml"
DOMAIN = "shop.example.test"

TEXT = """\
# What a user writes: the host, the application, an address for the CA.
asgi:
  hosts:
    web1:
      ansible_host: {address}
  vars:
    certificate_email: ops@example.com
    asgi_apps:
      - name: shop
        git: {git}
        version: v1.0.0
        module: shop.main:app
        domains: [{domain}]

    # What only this throw-away host needs: how to reach it, and a CA of its own.
    certificate_directory: {directory}
    certificate_ca_file: {ca}
    ansible_user: admin
    ansible_ssh_private_key_file: {key}
    ansible_ssh_common_args: -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR
"""

SUMMARY = """
{rule}
shop {version} answers at https://{domain} from {address}, {seconds:.0f} s after `make demo`.

What runs on the host web1 (Debian, real systemd, reached by SSH):
{units}

Ask it:
  curl --cacert {root} --resolve {domain}:443:{address} https://{domain}/version
Look around (root shell, or one command):
  make demo-shell
  make demo-shell CMD='journalctl --namespace=+asgi-shop -n 20 -t shop'
Release the next version: write `version: v1.1.0` into {inventory}, then
  .venv/bin/ansible-playbook playbooks/site.yml -i {inventory}
Go back the same way, or try `version: v1.2.0`: it raises an error on import, and v1.1.0 goes on serving.
The working copy behind these versions is {tree}; commit, tag and push to release your own.
Remove it all:
  make demo-down
{rule}"""


def up() -> int:
    """Make what is missing, run the playbook, check the answer."""
    began = time.monotonic()
    lab = Lab("demo")

    def step(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)

    lab.up({"web1": "trixie"}, step)
    lab.acme_up(step=step)
    lab.set_dns({DOMAIN: "web1"})
    repository = lab.repository("shop", HOME / "shop")
    if not repository.tree.exists():
        versions(repository)
    host = lab.host("web1")
    if not INVENTORY.exists():
        INVENTORY.write_text(
            TEXT.format(
                address=host.address,
                git=repository.url,
                domain=DOMAIN,
                directory=lab.acme_directory,
                ca=lab.acme_https_ca,
                key=lab.key,
            )
        )
    playbook = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/site.yml", "-i", str(INVENTORY)]
    step(f"ansible-playbook playbooks/site.yml -i {INVENTORY.relative_to(ROOT)}")
    if status := subprocess.run(playbook, cwd=ROOT, check=False).returncode:
        return status
    answer = https.wait(DOMAIN, host.address, lab.acme_root, "/version")
    answer.raise_for_status()
    units = host.run("systemctl list-units --plain --no-legend --state=active 'asgi-*' nginx.service").stdout
    print(
        SUMMARY.format(
            rule="─" * 100,
            version=answer.json()["version"],
            domain=DOMAIN,
            address=host.address,
            seconds=time.monotonic() - began,
            units="".join(f"  {line.split(None, 4)[0]:45} {line.split(None, 4)[4]}\n" for line in units.splitlines()),
            root=lab.acme_root,
            inventory=INVENTORY.relative_to(ROOT),
            tree=repository.tree.relative_to(ROOT),
        )
    )
    return 0


def down() -> int:
    """Leave nothing behind."""
    Lab("demo").down(print)
    shutil.rmtree(HOME, ignore_errors=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit({"up": up, "down": down}[sys.argv[1]]())
    except LabError as error:
        sys.exit(f"error: {error}")
