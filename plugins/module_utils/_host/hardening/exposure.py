"""Who on a host can be reached from outside, and what is said of whom a firewall would shut out."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import Listener, parse_listeners
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import holders


def listeners() -> list[Listener]:
    """Who can be reached from outside now, with names."""
    found = []
    for protocol, name in (("tcp", "tcp"), ("udp", "udp"), ("ip", "raw")):
        for table in (name, f"{name}6"):
            file = Path("/proc/net", table)
            found += parse_listeners(file.read_text(encoding="ascii"), protocol) if file.exists() else []
    names = holders({one.inode for one in found})
    return [Listener(one.protocol, one.port, one.inode, names.get(one.inode, "")) for one in found]


def other_firewalls() -> list[str]:
    """Programs that manage a firewall of their own."""
    ufw = Path("/etc/ufw/ufw.conf")
    found = ["ufw"] if ufw.is_file() and "ENABLED=yes" in ufw.read_text().split() else []
    return found + [unit.name.partition(".")[0] for unit in systemd.show("firewalld.service") if unit.active]


def told_of(one: Listener) -> str:
    """What is said of a program that could not be reached any more."""
    program = one.program or "the kernel"
    if one.protocol == "ip":
        rule = f"meta l4proto {one.port}"
        return (
            f"hardening_firewall: {program} takes packets of IP protocol {one.port}, and would get none any more; "
            f'write hardening_firewall_rules: ["{rule} accept"] if it shall, ["{rule} drop"] if not'
        )
    return (
        f"hardening_firewall: {program} can be reached at {one.protocol} port {one.port}, and could not any more; "
        f"write hardening_open: [{{port: {one.port}, protocol: {one.protocol}}}] if it shall be, "
        f"hardening_close: [{one.port}] if not"
    )
