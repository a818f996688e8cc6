"""Who on a host can be reached from outside, and what is said of whom a firewall would shut out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import Listener, parse_listeners
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import socket_holders

UFW_SETTINGS = Path("/etc/ufw/ufw.conf")


def find_listeners() -> list[Listener]:
    """Who can be reached from outside now, with names."""
    found = []
    for protocol, name in (("tcp", "tcp"), ("udp", "udp"), ("ip", "raw")):
        for table in (name, f"{name}6"):
            file = Path("/proc/net", table)
            found += parse_listeners(file.read_text(encoding="ascii"), protocol) if file.exists() else []
    names = socket_holders({one.inode for one in found})
    return [Listener(one.protocol, one.port, one.inode, names.get(one.inode, "")) for one in found]


def other_firewalls() -> list[str]:
    """Return what to say of programs that manage a firewall of their own, now or from the next boot on.

    A service of ufw may be active where ufw itself is not: its settings tell.
    """
    found = []
    if UFW_SETTINGS.is_file() and ufw_is_enabled(UFW_SETTINGS.read_text(encoding="utf-8", errors="replace")):
        found += _other_firewall("ufw", "ufw disable", _has_rules_of_ufw)
    if shutil.which("firewalld", path=PATH):
        found += _other_firewall("firewalld", "systemctl disable --now firewalld", lambda: False)
    return found


def ufw_is_enabled(settings: str) -> bool:
    """Return whether ufw loads its rules when it is started, from the text of ufw.conf, which a shell reads."""
    values = re.findall(r"^\s*ENABLED=[\"']?(\w*)", settings, re.MULTILINE)
    return bool(values) and values[-1] in ("yes", "YES")


def _other_firewall(name: str, off: str, has_rules: Callable[[], bool]) -> list[str]:
    [unit] = systemd.show(f"{name}.service")
    now = unit.up or has_rules()
    if not now and not unit.enabled:
        return []
    when = "is active on this host" if now else "starts at the next boot of this host"
    return [
        f"hardening_firewall: {name} {when}, and its rules and ours would contradict each other; switch {name} off "
        f"({off}), or write hardening_firewall: false"
    ]


def _has_rules_of_ufw() -> bool:
    """Return whether they are loaded, as ufw loads them without its service, too."""
    listing = ["iptables", "--list-rules", "ufw-user-input"]
    return bool(shutil.which("iptables", path=PATH)) and run_unchecked(listing, timeout=30, reads=True).returncode == 0


def describe_blocked(one: Listener) -> str:
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
