"""What decisions need to know of a host, by the names that Ansible's own facts have."""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import memory, netfilter

_LOOPBACK = "::1"  # other addresses of its interface may be public ones, as of anycast


def facts() -> dict[str, Any]:
    system = os_release(_read("/etc/os-release") or _read("/usr/lib/os-release"))
    return {
        "distribution": system.get("ID", "linux").capitalize(),
        "distribution_major_version": system.get("VERSION_ID", "unknown").partition(".")[0],
        "distribution_release": system.get("VERSION_CODENAME", ""),
        "processor_nproc": len(os.sched_getaffinity(0)),
        "memtotal_mb": memory.parse_kib(_read("/proc/meminfo"), "MemTotal") // memory.MIB,
        "all_ipv6_addresses": ipv6_addresses(_read("/proc/net/if_inet6")),
        "nameservers": nameservers(_read("/etc/resolv.conf")),
        "nftables": netfilter.takes_rules(),
    }


def os_release(text: str) -> dict[str, str]:
    """Assignments as of a shell: see os-release(5). What is read of them has no escapes."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def ipv6_addresses(text: str) -> list[str]:
    """From the text of /proc/net/if_inet6, where a line begins with the address in hexadecimal digits."""
    found = [str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in text.splitlines()]
    return [address for address in found if address != _LOOPBACK]


def nameservers(text: str) -> list[str]:
    """Return the addresses of name servers in the text of /etc/resolv.conf: see resolv.conf(5)."""
    words = [line.split() for line in text.splitlines()]
    named = [line[1].partition("%")[0] for line in words if len(line) > 1 and line[0] == "nameserver"]
    found = []
    for name in named:
        with suppress(ValueError):
            found.append(str(ipaddress.ip_address(name)))
    return found


def _read(path: str) -> str:
    """Of a kernel without IPv6 there is no file of its addresses."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
