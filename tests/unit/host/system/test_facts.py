"""The facts that decisions need, as the kernel reports them."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.facts import (
    ipv6_addresses,
    nameservers,
    os_release,
    read_facts,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.worker_count import worker_count


def test_system_as_files_of_it_are_written() -> None:
    text = "# a remark\nNAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID='13'\n\nVERSION_CODENAME=trixie\n"
    actual = os_release(text)
    assert (actual["ID"], actual["VERSION_ID"], actual["VERSION_CODENAME"]) == ("debian", "13", "trixie")


def test_addresses_but_those_of_the_loopback() -> None:
    text = (
        "00000000000000000000000000000001 01 80 10 80       lo\nfe800000000000000242acfffe110002 02 40 20 80     eth0\n"
    )
    assert ipv6_addresses(text) == ["fe80::242:acff:fe11:2"]
    assert ipv6_addresses("") == []


def test_name_servers() -> None:
    text = "# nameserver 192.0.2.9\nsearch example.com\nnameserver 169.254.169.254\n"
    text += "nameserver fe80::1%eth0\nnameserver x\n"
    assert nameservers(text) == ["169.254.169.254", "fe80::1"]
    assert nameservers("nameserver\n") == []


def test_they_are_what_decisions_ask_for() -> None:
    actual = read_facts()
    assert actual["processor_nproc"] == len(os.sched_getaffinity(0))
    assert actual["distribution"] and actual["distribution_major_version"].isdecimal()
    assert actual["memtotal_mb"] > 0
    known: Any = actual
    assert worker_count(known).count >= 1
