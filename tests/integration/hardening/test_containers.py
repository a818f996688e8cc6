"""Docker on a host with our firewall: what it publishes stays reachable, and its own rules stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.hardening.test_hardening import run_on
from tests.integration.hosts import LAB, SIDE
from tests.lab import Host

APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq --yes -o DPkg::Lock::Timeout=60"
# An image of one program and one file, as there is no registry of images.
MAKE = f"""\
set -e
mkdir -p /var/lib/docker /run/image/usr/bin
mountpoint --quiet /var/lib/docker || mount -t tmpfs -o size=512m none /var/lib/docker
{APT} install --no-install-recommends docker.io docker-cli busybox-static iptables >/dev/null
cp /usr/bin/busybox /run/image/usr/bin/busybox
printf 'from a container' >/run/image/index.html
tar -C /run/image -c . | docker import - web >/dev/null
docker run --detach --name web --publish 8080:80 web /usr/bin/busybox httpd -f -p 80 -h / >/dev/null
"""
REMOVE = f"""\
docker rm --force web >/dev/null 2>&1; systemctl stop docker.socket docker containerd
{APT} purge --auto-remove docker.io docker-cli containerd busybox-static >/dev/null 2>&1
umount /var/lib/docker; ip link delete docker0
for family in ip ip6; do for table in filter nat raw; do nft delete table $family $table 2>/dev/null; done; done; true
"""
RULES = "iptables-save | grep -v '^[#:]'; iptables -S FORWARD | head -1"


@pytest.fixture(name="host", scope="module")
def with_a_container() -> Iterator[Host]:
    host = LAB.host(SIDE)
    run_on(host.name).ok()
    try:
        host.run(MAKE, timeout=400)
        yield host
    finally:
        host.run(REMOVE, timeout=200, check=False)


def answers(host: Host) -> str:
    """Return what a visitor from outside gets on the published port."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.get(f"http://{host.address}:8080/index.html").text


def reaches_out(host: Host) -> bool:
    """Return whether the container reaches another host, here the CA."""
    address, port = LAB.acme_directory.split("/")[2].split(":")
    command = f"docker exec web /usr/bin/busybox nc -w 10 {address} {port} </dev/null"
    return host.run(command, check=False, timeout=60).returncode == 0


def test_a_container_keeps_its_network(host: Host) -> None:
    before = host.run(RULES).stdout
    assert "DOCKER" in before and (answers(host), reaches_out(host)) == ("from a container", True)
    host.run("rm /etc/asgi-deploy/firewall.nft; nft delete table inet asgi_firewall")
    run = run_on(host.name).ok()
    assert "docker" not in run.output.lower(), run.output
    host.run("nft list table inet asgi_firewall")
    assert (answers(host), reaches_out(host)) == ("from a container", True)
    assert host.run(RULES).stdout == before
    assert run_on(host.name).ok().counts(host.name)["changed"] == 0


def test_our_rules_are_there_when_docker_has_started_again(host: Host) -> None:
    host.run("systemctl restart docker && docker start web", timeout=120)
    host.run("nft list table inet asgi_firewall")
    assert (answers(host), reaches_out(host)) == ("from a container", True)
    assert run_on(host.name).ok().counts(host.name)["changed"] == 0
