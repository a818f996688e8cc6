"""Packages on a host where others are at work, or were when its power went."""

from __future__ import annotations

import pytest

from tests.integration.hosts import DIRECT, LAB, SIDE, module
from tests.lab import Host

LISTS = "/var/lib/apt/lists"
# Has the lock until a program has asked for it, and a little longer.
HOLDER = f"""\
import fcntl, subprocess, time
file = open("{LISTS}/lock", "w")
fcntl.lockf(file, fcntl.LOCK_EX)
deadline = time.monotonic() + 120
while "apt-get" not in subprocess.check_output(["ps", "-eo", "comm"], text=True) and time.monotonic() < deadline:
    time.sleep(0.05)
time.sleep(2)
"""
# hello is what is asked for. What was cut off is jq: to be configured, and unpacked without what it depends on.
CUT_OFF = {
    "configured": "apt-get -qq install --yes jq >/dev/null; dpkg --status jq >/var/lib/dpkg/updates/0000",
    "unpacked": "apt-get -qq remove --auto-remove --yes jq; apt-get -qq download jq; dpkg --unpack jq_*.deb",
}


@pytest.fixture(name="host", params=[SIDE, DIRECT])
def each_host(request: pytest.FixtureRequest) -> Host:
    host = LAB.host(request.param)
    host.run("apt-get -qq remove --yes hello 2>/dev/null || true")
    return host


def installed(host: Host, name: str) -> bool:
    return host.run(f"dpkg-query --show --showformat='${{db:Status-Status}}' {name}").stdout == "installed"


def test_lists_that_another_program_fetches_are_waited_for(host: Host) -> None:
    """As apt does by its timer on a VM that has just come up."""
    host.run("cat >/tmp/holder.py", stdin=HOLDER)
    host.run(f"touch --date=yesterday {LISTS}; systemd-run --quiet --unit=lists python3 /tmp/holder.py")
    host.run(f"until grep -q $(stat --format=:%i {LISTS}/lock) /proc/locks; do sleep 0.1; done")
    assert module(host.name, "install", packages=["hello"])["changed"]
    assert host.run("systemctl is-active lists.service", check=False).stdout.strip() == "inactive"
    assert installed(host, "hello")


def test_a_source_of_others_that_cannot_be_read_ends_no_run(host: Host) -> None:
    third = "/etc/apt/sources.list.d/third.list"
    host.run(f"echo 'deb file:/srv/no-such-source ./' >{third}; touch --date=yesterday {LISTS}")
    try:
        assert host.run("apt-get --quiet update", check=False).returncode, "apt by itself fails"
        host.run(f"touch --date=yesterday {LISTS}")
        assert module(host.name, "install", packages=["hello"])["changed"]
    finally:
        host.run(f"rm {third}")
    assert installed(host, "hello")
    logged = host.run("journalctl --no-pager --identifier=asgi-deploy --grep='apt-get update failed'").stdout
    assert "no-such-source" in logged, "the reason is in the journal"


@pytest.mark.parametrize("cut_off", CUT_OFF)
def test_what_was_cut_off_is_finished_first(host: Host, cut_off: str) -> None:
    host.run(f"cd /tmp && {CUT_OFF[cut_off]}")
    refused = host.run("apt-get --quiet --yes install hello", check=False)
    assert refused.returncode, "apt by itself goes no further"
    assert module(host.name, "install", packages=["hello"])["changed"]
    assert installed(host, "hello") and installed(host, "jq")
    host.run("dpkg --audit | (! grep .)")
