"""Facts of a host that decisions need, by the names of Ansible's own facts."""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import memory, netfilter, versions

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import HostFacts

_LOOPBACK = "::1"  # other addresses of its interface may be public ones, as of anycast


def read_facts() -> HostFacts:
    """Return the facts of this host."""
    return {
        **read_system(),
        "processor_nproc": len(os.sched_getaffinity(0)),
        "memtotal_mb": memory.parse_kib(_read("/proc/meminfo"), "MemTotal") // memory.MIB,
        "all_ipv6_addresses": ipv6_addresses(_read("/proc/net/if_inet6")),
        "nameservers": nameservers(_read("/etc/resolv.conf")),
        "nftables": netfilter.takes_rules(),
    }


def read_system() -> HostFacts:
    """Return the facts of the system that this host runs, and of its programs."""
    system = os_release(_read("/etc/os-release") or _read("/usr/lib/os-release"))
    return {
        "distribution": system.get("ID", "linux").capitalize(),
        "distribution_version": (version := system.get("VERSION_ID", "unknown")),
        "distribution_major_version": version.partition(".")[0],
        "distribution_release": system.get("VERSION_CODENAME", ""),
        "versions": versions.installed(),
    }


def os_release(text: str) -> dict[str, str]:
    """Return the assignments in the text of os-release(5); the values that are used have no escapes."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def ipv6_addresses(text: str) -> list[str]:
    """Return the addresses in the text of /proc/net/if_inet6, where a line begins with hexadecimal digits of one."""
    addresses = [str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in text.splitlines()]
    return [address for address in addresses if address != _LOOPBACK]


def nameservers(text: str) -> list[str]:
    """Return the addresses of name servers in the text of /etc/resolv.conf: see resolv.conf(5)."""
    words = [line.split() for line in text.splitlines()]
    named = [line[1].partition("%")[0] for line in words if len(line) > 1 and line[0] == "nameserver"]
    addresses = []
    for name in named:
        with suppress(ValueError):
            addresses.append(str(ipaddress.ip_address(name)))
    return addresses


def _read(path: str) -> str:
    """Return the text of a file; none where it is missing, as that of addresses on a kernel without IPv6."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
