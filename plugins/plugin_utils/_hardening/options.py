"""The options of a host's hardening: a rule for each, and what does not go together."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._common import validators as checks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import networks

# What the options of each switch are: given while it is off, they would have no effect.
OPTIONS_OF = {
    "hardening_firewall": ("hardening_open", "hardening_close", "hardening_firewall_rules", "hardening_ssh_allow"),
    "hardening_ssh": ("hardening_ssh_root", "hardening_ssh_exceptions"),
    "hardening_sysctl": ("hardening_sysctl_values",),
    "hardening_updates": ("hardening_reboot_at",),
    "hardening_journal": ("hardening_journal_size", "hardening_journal_days"),
    "hardening_services": ("hardening_services_off",),
    "hardening_bans": ("hardening_ban_minutes", "hardening_ban_never"),
}
SWITCHES = (*OPTIONS_OF, "hardening_time", "hardening_no_core_dumps", "hardening_umask")
_PARAMETER = re.compile(r"[a-z0-9_]+(\.([A-Za-z0-9_@:-]+|\*))+")
_VALUE = re.compile(r"[A-Za-z0-9_./|, -]*")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|path|mount)")
_NEEDED = (
    "ssh.service",
    "sshd.service",
    "ssh.socket",
    "nginx.service",
    "systemd-networkd.service",
    "networking.service",
)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_JOURNAL_SIZE = re.compile(r"[1-9]\d{0,8}[KMGT]?")
_RULE = re.compile(r"[A-Za-z0-9_@.,:/!=<>&|^*+{}()\[\]\"' -]+")


def openings(value: Sequence[Any]) -> str | None:
    """What is wrong with ports that are opened."""
    wrong = [text for one in value if (text := _opening(one))]
    keys = [(one["port"], one.get("protocol", "tcp")) for one in value if not _opening(one)]
    wrong += [
        f"found port {port} of {protocol} twice"
        for port, protocol in dict.fromkeys(keys)
        if keys.count((port, protocol)) > 1
    ]
    return "; ".join(wrong) or None


def _opening(one: Any) -> str | None:
    if not isinstance(one, Mapping) or "port" not in one:
        return f"found {one!r}, expected entries such as {{port: 9100, allow: [10.0.0.0/8]}}"
    if unknown := [key for key in one if key not in ("port", "protocol", "allow")]:
        return f"found {unknown[0]!r}, expected port, protocol and allow"
    if not _is_port(one["port"]):
        return f"found port {one['port']!r}, expected a number from 1 to 65535"
    if one.get("protocol", "tcp") not in ("tcp", "udp"):
        return f"found protocol {one['protocol']!r}, expected tcp or udp"
    allow = one.get("allow", [])
    if not isinstance(allow, list) or not all(isinstance(item, str) for item in allow):
        return f"found allow {allow!r}, expected a list of addresses and networks, as in allow: [10.0.0.0/8]"
    return networks(allow)


def ports(value: Sequence[int]) -> str | None:
    wrong = [str(port) for port in value if not _is_port(port)]
    return f"found {', '.join(wrong)}, expected ports from 1 to 65535" if wrong else None


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65_535


def rules(value: Sequence[str]) -> str | None:
    """What can be told of nft's language without nft: that a rule stays one rule, in its chain."""
    wrong = []
    for rule in value:
        depth = [rule[: at + 1].count("{") - rule[: at + 1].count("}") for at in range(len(rule))]
        if not _RULE.fullmatch(rule) or min(depth) < 0 or depth[-1] or rule.count('"') % 2:
            wrong.append(rule)
    if not wrong:
        return None
    found = ", ".join(map(repr, wrong))
    return f"found {found}, expected one rule of nft on one line, as in ip saddr 10.0.0.0/8 udp dport 161 accept"


def parameters(value: Mapping[str, Any]) -> str | None:
    wrong = [
        f"{name}: {item}"
        for name, item in value.items()
        if not _PARAMETER.fullmatch(str(name)) or not (item is None or _VALUE.fullmatch(str(item)))
    ]
    return f"found {', '.join(wrong)}, expected names and values, as in vm.swappiness: 10" if wrong else None


def services(value: Sequence[str]) -> str | None:
    wrong = [f"found {unit!r}, expected a unit, as in cups.service" for unit in value if not _UNIT.fullmatch(unit)]
    wrong += [f"found {unit!r}, which the host needs to be reached" for unit in value if unit in _NEEDED]
    return "; ".join(wrong) or None


def clock(value: str) -> str | None:
    return None if _CLOCK.fullmatch(value) else f'found {value!r}, expected a time, as in hardening_reboot_at: "04:00"'


def journal_size(value: str) -> str | None:
    return (
        None if _JOURNAL_SIZE.fullmatch(value) else f"found {value!r}, expected a size as journald writes it, as in 1G"
    )


def conflicts(options: Mapping[str, Any], served: Collection[int] = ()) -> list[str]:
    """What does not go together in options that are right on their own.

    Args:
        options: those that were given.
        served: ports of TCP where the host serves visitors, which are open to everybody.
    """
    if options.get("hardening") is False:
        return []
    errors = [
        f"{name}: has no effect with {switch}: false; leave out one of them"
        for switch, names in OPTIONS_OF.items()
        for name in names
        if name in options and options.get(switch, switch != "hardening_bans") is False
    ]
    opened = [one for one in options.get("hardening_open") or [] if not _opening(one)]
    open_ports = {one["port"] for one in opened}
    both = sorted(open_ports.intersection(options.get("hardening_close") or []))
    errors += [f"hardening_close: port {port} is opened by hardening_open; leave out one of them" for port in both]
    errors += [
        f"hardening_close: found {port}, which is open for visitors and for the CA; leave it out"
        for port in options.get("hardening_close") or []
        if port in served
    ]
    return errors + [
        f"hardening_open: found port {one['port']}, which is open to everybody for visitors and the CA; leave it out, "
        "and write site.allow for an application that is not for all of them"
        for one in opened
        if one.get("protocol", "tcp") == "tcp" and one["port"] in served
    ]


RULES: dict[str, checks.Rule] = {
    "hardening_open": openings,
    "hardening_close": ports,
    "hardening_firewall_rules": rules,
    "hardening_ssh_allow": checks.networks,
    "hardening_confirm_timeout": checks.between(10, 3600, "seconds"),
    "hardening_sysctl_values": parameters,
    "hardening_reboot_at": clock,
    "hardening_journal_size": journal_size,
    "hardening_journal_days": checks.between(1, 36_500, "days"),
    "hardening_services_off": services,
    "hardening_ban_minutes": checks.between(1, 525_600, "minutes"),
    "hardening_ban_never": checks.networks,
}
