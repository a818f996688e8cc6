"""Ways by which people come to a host: none is shut by a run that comes by it, and that changes firewall and sshd."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from tests.integration.conftest import Web, web
from tests.integration.hardening.test_hardening import effective, reaches, run_on
from tests.integration.hosts import DIRECT, LAB, SIDE
from tests.lab.ssh import OPTIONS

JUMP_ADDRESS, ADDRESS = "fd00:18::1", "fd00:18::2"
# sshd is started by a socket, which listens on another port as well, and the cloud's first boot comes late.
SOCKET = """\
mkdir -p /run/systemd/system/ssh.socket.d
printf '[Socket]\\nListenStream=2222\\n' >/run/systemd/system/ssh.socket.d/port.conf
echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/50-cloud-init.conf
systemctl daemon-reload; systemctl stop ssh.service; systemctl start ssh.socket
nft insert rule inet asgi_firewall input tcp dport 2222 accept
"""
NO_SOCKET = """\
rm -r /run/systemd/system/ssh.socket.d /etc/ssh/sshd_config.d/50-cloud-init.conf
systemctl daemon-reload; systemctl stop ssh.socket; systemctl restart ssh.service
"""


@pytest.fixture(name="site", scope="module")
def a_host() -> Web:
    return web(DIRECT, "open", "open")


@pytest.fixture(name="visitor", scope="module")
def another_host() -> Web:
    return web(SIDE, "secure", "secure")


@pytest.fixture
def jump(site: Web, visitor: Web) -> Iterator[dict[str, str]]:
    """Yield the variables of a host that is reached by another one only, and by IPv6."""
    addresses = {visitor.host.name: JUMP_ADDRESS, site.host.name: ADDRESS}
    for name, address in addresses.items():
        LAB.host(name).run(f"ip address replace {address}/64 dev host0 nodad")
    options = [word for option in OPTIONS for word in ("-o", option)]
    key = str(visitor.host.machine.target.key)
    proxy = shlex.join(["ssh", "-F", "none", "-i", key, *options, "-W", "[%h]:%p", f"admin@{visitor.host.address}"])
    common = " ".join(["-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null", f'-o ProxyCommand="{proxy}"'])
    yield {"ansible_host": ADDRESS, "ansible_ssh_common_args": common}
    for name, address in addresses.items():
        LAB.host(name).run(f"ip address delete {address}/64 dev host0")


def test_a_jump_host_by_ipv6_only(site: Web, visitor: Web, jump: dict[str, str]) -> None:
    """And no other way is open from then on."""
    assert reaches(visitor, site, 22)
    done = run_on(site.host.name, hardening_ssh_allow=[JUMP_ADDRESS], **jump)
    try:
        assert "Connect again" in done.ok().output
        assert not reaches(visitor, site, 22), "by IPv4"
    finally:
        back = run_on(site.host.name, **jump)
    assert "Connect again" in back.ok().output
    assert reaches(visitor, site, 22)


def test_a_socket_of_systemd_at_another_port(site: Web, visitor: Web) -> None:
    """While the cloud has written that passwords are let in."""
    site.host.run(SOCKET)
    try:
        assert "Connect again" in run_on(site.host.name, ansible_port=2222).ok().output
        assert reaches(visitor, site, 2222)
        assert "passwordauthentication no" in effective(site)
    finally:
        site.host.run(NO_SOCKET)
        run_on(site.host.name).ok()
    assert not reaches(visitor, site, 2222)
