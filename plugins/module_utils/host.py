"""What decisions need to know of a host, by the names that Ansible's own facts have."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.distro import LinuxDistribution

_LOOPBACK = "::1"  # other addresses of its interface may be public ones, as of anycast


def facts() -> dict[str, Any]:
    # lsb_release, which is a shell script on some hosts, adds nothing to what the files in /etc say.
    system = LinuxDistribution(include_lsb=False, include_uname=False)
    return {
        "distribution": system.id().capitalize(),
        "distribution_major_version": system.version(best=True).partition(".")[0],
        "distribution_release": system.codename(),
        "processor_nproc": len(os.sched_getaffinity(0)),
        "memtotal_mb": total_memory(Path("/proc/meminfo").read_text(encoding="ascii")),
        "all_ipv6_addresses": ipv6_addresses(_read("/proc/net/if_inet6")),
    }


def total_memory(text: str) -> int:
    """In MiB, from the text of /proc/meminfo: see proc(5)."""
    fields = dict(line.split(":", 1) for line in text.splitlines())
    return int(fields["MemTotal"].split()[0]) // 1024


def ipv6_addresses(text: str) -> list[str]:
    """From the text of /proc/net/if_inet6, where a line begins with the address in hexadecimal digits."""
    found = [str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in text.splitlines()]
    return [address for address in found if address != _LOOPBACK]


def _read(path: str) -> str:
    """Of a kernel without IPv6 there is no such file."""
    try:
        return Path(path).read_text(encoding="ascii")
    except FileNotFoundError:
        return ""
