"""What is wrong in an inventory ends the run before any host is touched."""

from __future__ import annotations

from pathlib import Path

from tests.integration.hosts import playbook

# Nothing answers at this address, so a run that tried it would say so.
INVENTORY = """\
asgi:
  hosts:
    web1:
      ansible_host: 198.18.0.254
  vars:
    certificate_email: ops@example.com
    asgi_apps:
      - name: shop
        git: https://git.example.com/shop.git
        version: v1.4.2
        module: shop.main:app
        domains: [shop.example.com]
"""


def refusal(folder: Path, inventory: str) -> str:
    """Return what a run with this inventory says."""
    file = folder / "inventory.yml"
    file.write_text(inventory)
    run = playbook(inventories=(file,))
    assert run.status != 0
    assert "Gathering Facts" not in run.output
    assert "unreachable=0" in run.output
    return run.output
