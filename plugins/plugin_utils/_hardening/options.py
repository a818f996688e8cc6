"""The options of a host's hardening: a rule for each, and contradictions between them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import OpeningEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import validators as checks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import networks

# The options of each switch; while it is off, they have no effect.
OPTIONS_OF = {
    "hardening_firewall": ("hardening_open", "hardening_close", "hardening_firewall_rules", "hardening_ssh_allow"),
    "hardening_ssh": ("hardening_ssh_root", "hardening_ssh_exceptions"),
    "hardening_sysctl": ("hardening_sysctl_values",),
    "hardening_journal": ("hardening_journal_size", "hardening_journal_days"),
    "hardening_services": ("hardening_services_off",),
    "hardening_bans": ("hardening_ban_minutes", "hardening_ban_never"),
}
SWITCHES = (*OPTIONS_OF, "hardening_updates", "hardening_time", "hardening_no_core_dumps", "hardening_umask")
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


def openings(value: Sequence[Json]) -> str | None:
    """Return what is wrong with ports that are opened."""
    errors = [error for entry in value if (error := _opening_error(entry))]
    keys = [(entry["port"], entry.get("protocol", "tcp")) for entry in _readable(value)]
    errors += [
        f"found port {port} of {protocol} twice"
        for port, protocol in dict.fromkeys(keys)
        if keys.count((port, protocol)) > 1
    ]
    return "; ".join(errors) or None


def _readable(value: Json | Sequence[Json]) -> list[OpeningEntry]:
    """Return the entries of `hardening_open` that are right."""
    entries = value if isinstance(value, (list, tuple)) else []
    return [cast("OpeningEntry", entry) for entry in entries if not _opening_error(entry)]


def _opening_error(entry: Json) -> str | None:
    """Return what is wrong with one port that is opened."""
    if not isinstance(entry, Mapping) or "port" not in entry:
        return f"found {entry!r}, expected entries such as {{port: 9100, allow: [10.0.0.0/8]}}"
    if unknown := [key for key in entry if key not in ("port", "protocol", "allow")]:
        return f"found {unknown[0]!r}, expected port, protocol and allow"
    if not _is_port(entry["port"]):
        return f"found port {entry['port']!r}, expected a number from 1 to 65535"
    if entry.get("protocol", "tcp") not in ("tcp", "udp"):
        return f"found protocol {entry['protocol']!r}, expected tcp or udp"
    allow = entry.get("allow", [])
    if not isinstance(allow, list) or not all(isinstance(item, str) for item in allow):
        return f"found allow {allow!r}, expected a list of addresses and networks, as in allow: [10.0.0.0/8]"
    return networks(cast("list[str]", allow))


def ports(value: Sequence[int]) -> str | None:
    """Return what is wrong with numbers of ports."""
    others = [str(port) for port in value if not _is_port(port)]
    return f"found {', '.join(others)}, expected ports from 1 to 65535" if others else None


def _is_port(value: Json) -> bool:
    """Return whether a value is the number of a port."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65_535


def rules(value: Sequence[str]) -> str | None:
    """Return what is wrong with rules of nft, as far as that is known without nft: each must stay one rule."""
    others = []
    for rule in value:
        depth = [rule[: at + 1].count("{") - rule[: at + 1].count("}") for at in range(len(rule))]
        if not _RULE.fullmatch(rule) or min(depth) < 0 or depth[-1] or rule.count('"') % 2:
            others.append(rule)
    if not others:
        return None
    found = ", ".join(map(repr, others))
    return f"found {found}, expected one rule of nft on one line, as in ip saddr 10.0.0.0/8 udp dport 161 accept"


def parameters(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with kernel parameters."""
    others = [
        f"{name}: {item}"
        for name, item in value.items()
        if not _PARAMETER.fullmatch(str(name)) or not (item is None or _VALUE.fullmatch(str(item)))
    ]
    return f"found {', '.join(others)}, expected names and values, as in vm.swappiness: 10" if others else None


def services(value: Sequence[str]) -> str | None:
    """Return what is wrong with units that must not run."""
    errors = [f"found {unit!r}, expected a unit, as in cups.service" for unit in value if not _UNIT.fullmatch(unit)]
    errors += [f"found {unit!r}, which the host needs to be reached" for unit in value if unit in _NEEDED]
    return "; ".join(errors) or None


def clock(value: str) -> str | None:
    """Return what is wrong with a time of day."""
    return None if _CLOCK.fullmatch(value) else f'found {value!r}, expected a time, as in hardening_reboot_at: "04:00"'


def journal_size(value: str) -> str | None:
    """Return what is wrong with a size of the journal."""
    return (
        None if _JOURNAL_SIZE.fullmatch(value) else f"found {value!r}, expected a size as journald writes it, as in 1G"
    )


def conflicts(options: Mapping[str, Json], served: Collection[int] = ()) -> list[str]:
    """Return what is wrong with options together that are right by themselves.

    Args:
        options: those that the user wrote.
        served: TCP ports where the host serves visitors, which are open to everyone.
    """
    if options.get("hardening") is False:
        return []
    errors = [
        f"{name}: has no effect with {switch}: false; leave out one of them"
        for switch, names in OPTIONS_OF.items()
        for name in names
        if name in options and options.get(switch, switch != "hardening_bans") is False
    ]
    if (
        "hardening_reboot_at" in options
        and options.get("hardening_updates") is False
        and options.get("hardening_restart") == "never"
    ):
        errors.append(
            "hardening_reboot_at: has no effect with hardening_updates: false and hardening_restart: never; leave out "
            "one of them"
        )
    opened, close = _readable(options.get("hardening_open")), options.get("hardening_close")
    closed = [port for port in close if isinstance(port, int)] if isinstance(close, list) else []
    both = sorted({entry["port"] for entry in opened}.intersection(closed))
    errors += [f"hardening_close: port {port} is opened by hardening_open; leave out one of them" for port in both]
    errors += [
        f"hardening_close: found {port}, which is open for visitors and for the CA; leave it out"
        for port in closed
        if port in served
    ]
    return errors + [
        f"hardening_open: found port {entry['port']}, which is open to everyone for visitors and the CA; leave it out, "
        "and write site.allow for an application that is not for all of them"
        for entry in opened
        if entry.get("protocol", "tcp") == "tcp" and entry["port"] in served
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
