"""Programs of a host that are reachable from outside, and messages about those that a firewall would block."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import Listener, parse_listeners
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import socket_holders

UFW_SETTINGS = Path("/etc/ufw/ufw.conf")


def find_listeners() -> list[Listener]:
    """Return the programs that are reachable from outside now, with their names."""
    listeners = []
    for protocol, name in (("tcp", "tcp"), ("udp", "udp"), ("ip", "raw")):
        for table in (name, f"{name}6"):
            file = Path("/proc/net", table)
            listeners += parse_listeners(file.read_text(encoding="ascii"), protocol) if file.exists() else []
    names = socket_holders({listener.inode for listener in listeners})
    return [replace(listener, program=names.get(listener.inode, "")) for listener in listeners]


def other_firewalls() -> list[str]:
    """Return a message for each program that manages a firewall of its own, now or from the next boot on.

    The service of ufw may be active where ufw itself is not: its settings decide.
    """
    messages = []
    if UFW_SETTINGS.is_file() and ufw_is_enabled(UFW_SETTINGS.read_text(encoding="utf-8", errors="replace")):
        messages += _other_firewall("ufw", "ufw disable", _has_rules_of_ufw)
    if shutil.which("firewalld", path=PATH):
        messages += _other_firewall("firewalld", "systemctl disable --now firewalld", lambda: False)
    return messages


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
        f"hardening_firewall: {name} {when}, and its rules and those of this role would contradict each other; switch "
        f"{name} off ({off}), or write hardening_firewall: false"
    ]


def _has_rules_of_ufw() -> bool:
    """Return whether rules of ufw are loaded; ufw also loads them without its service."""
    listing = ["iptables", "--list-rules", "ufw-user-input"]
    return bool(shutil.which("iptables", path=PATH)) and run_unchecked(listing, timeout=30, reads=True).returncode == 0


def describe_blocked(listener: Listener) -> str:
    """Return the message about a program that would not be reachable any more."""
    program, protocol, port = listener.program or "the kernel", listener.protocol, listener.port
    if protocol == "ip":
        rule = f"meta l4proto {port}"
        return (
            f"hardening_firewall: {program} receives packets of IP protocol {port}, and would get none any more; "
            f'write hardening_firewall_rules: ["{rule} accept"] if it must get them, ["{rule} drop"] if not'
        )
    return (
        f"hardening_firewall: {program} is reachable at {protocol} port {port}, and would not be any more; "
        f"write hardening_open: [{{port: {port}, protocol: {protocol}}}] if it must be, "
        f"hardening_close: [{port}] if not"
    )
