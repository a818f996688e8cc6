"""Other firewalls than ours: one that is active ends a run before anything is changed; others stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.hardening.test_hardening import INVENTORY, run_on
from tests.integration.hosts import DIRECT, HOSTS, LAB, SIDE, Run, playbook
from tests.lab import Host

UNIT = "/etc/systemd/system/asgi-failed@.service"  # a file of ours, which a run repairs
APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq --yes"
# iptables' tables stay behind when ufw goes.
REMOVE = f"""\
ufw --force reset >/dev/null
{APT} purge --auto-remove ufw firewalld >/dev/null 2>&1
for family in ip ip6; do nft delete table $family filter 2>/dev/null; done; sed -i '/by-hand/d' '{UNIT}'
"""
WAYS_OUT = {
    "ufw": "switch ufw off (ufw disable), or write hardening_firewall: false",
    "firewalld": "switch firewalld off (systemctl disable --now firewalld), or write hardening_firewall: false",
}


PACKAGES = {SIDE: "ufw firewalld", DIRECT: "ufw"}


@pytest.fixture(name="host", scope="module", params=PACKAGES)
def each_host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Yield a host with other firewalls, of which none is active, and with something to do for a run."""
    host = LAB.host(request.param)
    host.run(f"{APT} install --no-install-recommends {PACKAGES[host.name]} >/dev/null", timeout=300)
    host.run("systemctl disable --quiet --now firewalld 2>/dev/null; ufw allow 22/tcp")
    host.run(f"echo X-Written=by-hand >>'{UNIT}'")
    yield host
    host.run(REMOVE, timeout=300)


def plan(host: Host) -> Run:
    return playbook(f"--limit={host.name}", name="plan", inventories=(HOSTS, INVENTORY))


def refused(run: Run, host: Host, name: str) -> bool:
    assert run.counts(host.name)["changed"] == 0, run.output
    output = " ".join(run.output.split())
    assert f"{name} is active on this host" in output and WAYS_OUT[name] in output, output
    return run.status != 0 and host.run(f"grep -c by-hand '{UNIT}'").stdout.strip() == "1"


def test_an_active_ufw_ends_a_run_before_anything_is_changed(host: Host) -> None:
    host.run("ufw --force enable")
    try:
        assert refused(run_on(host.name), host, "ufw")
    finally:
        host.run("ufw disable")


@pytest.mark.parametrize("host", [SIDE], indirect=True, scope="module")
def test_an_active_firewalld_ends_a_plan(host: Host) -> None:
    host.run("systemctl start firewalld")
    try:
        assert refused(plan(host), host, "firewalld")
    finally:
        host.run("systemctl stop firewalld")


def test_inactive_ones_are_not_touched(host: Host) -> None:
    states = "grep ENABLED= /etc/ufw/ufw.conf; systemctl is-active ufw firewalld; systemctl is-enabled ufw firewalld"
    before = host.run(states, check=False).stdout
    run_on(host.name).ok()
    assert host.run(f"grep -c by-hand '{UNIT}'", check=False).stdout.strip() == "0"
    assert host.run(states, check=False).stdout == before
