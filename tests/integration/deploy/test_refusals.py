"""What is wrong on a host is said before anything is changed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.hosts import BARE, HOSTS, LAB, playbook

INVENTORY = """\
asgi:
  hosts:
    bare:
  vars:
    certificate_email: ops@example.com
    asgi_apps:
      - name: shop
        git: "{{ shop_repository }}"
        module: shop.main:app
        domains: [bare.example.test]
"""


@pytest.fixture(name="bare_inventory")
def inventory_of_the_bare_host(tmp_path: Path) -> Path:
    file = tmp_path / "inventory.yml"
    file.write_text(INVENTORY)
    return file


@pytest.fixture(name="taken_port")
def port_80_taken() -> Iterator[None]:
    """Run another program that serves on the host."""
    host = LAB.host(BARE)
    host.run("systemd-run --quiet --unit=other python3 -m http.server 80")
    host.run("until ss -ltn | grep -q ':80 '; do sleep 0.1; done")
    yield
    host.run("systemctl stop other.service")


def untouched() -> bool:
    """Return whether the bare host is as bare as before."""
    return LAB.host(BARE).run("ls -d /srv/asgi /etc/nginx /opt/asgi 2>/dev/null", check=False).stdout == ""


def test_refuses_a_port_that_another_program_holds(bare_inventory: Path, taken_port: None) -> None:
    run = playbook(inventories=(HOSTS, bare_inventory))
    assert run.status != 0
    assert "port 80 of bare is taken by python3; nginx needs it." in run.output
    assert untouched()


def test_refuses_a_system_that_is_not_supported(bare_inventory: Path) -> None:
    host = LAB.host(BARE)
    host.run("cp /usr/lib/os-release /root/ && sed -i 's/VERSION_ID=.*/VERSION_ID=\"10\"/' /usr/lib/os-release")
    host.run("cp /etc/debian_version /root/ && echo 10.13 >/etc/debian_version")
    try:
        run = playbook(inventories=(HOSTS, bare_inventory))
    finally:
        host.run("cp /root/os-release /usr/lib/os-release; cp /root/debian_version /etc/debian_version")
    assert run.status != 0
    assert "this host runs Debian 10; supported are Debian 12, Debian 13" in run.output
    assert untouched()
