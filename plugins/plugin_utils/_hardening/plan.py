"""The hardening of a host: rules for its options, and what they come to.

Numbers are those of the CIS benchmark for Debian 12, 1.1.0, and of the baselines of dev-sec.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import plan as webserver

# Kernel parameters, each with the rule that asks for it; * is every interface. What could shut somebody out of a live
# host is not among them, see docs/hardening.md.
SYSCTL: dict[str, tuple[str, str]] = {
    "net.ipv4.conf.*.send_redirects": ("0", "CIS 3.3.2, sysctl-16"),
    "net.ipv4.icmp_ignore_bogus_error_responses": ("1", "CIS 3.3.3, sysctl-03"),
    "net.ipv4.icmp_echo_ignore_broadcasts": ("1", "CIS 3.3.4, sysctl-04"),
    "net.ipv4.conf.*.accept_redirects": ("0", "CIS 3.3.5, sysctl-14"),
    "net.ipv6.conf.*.accept_redirects": ("0", "CIS 3.3.5, sysctl-20"),
    "net.ipv4.conf.*.secure_redirects": ("0", "CIS 3.3.6, sysctl-15"),
    "net.ipv4.conf.*.accept_source_route": ("0", "CIS 3.3.8, sysctl-13"),
    "net.ipv6.conf.*.accept_source_route": ("0", "CIS 3.3.8, sysctl-13"),
    "net.ipv4.tcp_syncookies": ("1", "CIS 3.3.10, sysctl-11"),
    "net.ipv4.tcp_rfc1337": ("1", "sysctl-10"),
    "net.core.bpf_jit_harden": ("2", "lynis KRNL-6000"),
    "kernel.randomize_va_space": ("2", "CIS 1.5.1, sysctl-32"),
    "kernel.yama.ptrace_scope": ("1", "CIS 1.5.2"),
    "kernel.kptr_restrict": ("2", "lynis KRNL-6000"),
    "kernel.dmesg_restrict": ("1", "lynis KRNL-6000"),
    "kernel.sysrq": ("0", "sysctl-30"),
    "dev.tty.ldisc_autoload": ("0", "lynis KRNL-6000"),
    "fs.protected_hardlinks": ("1", "sysctl-34"),
    "fs.protected_symlinks": ("1", "sysctl-34"),
    "fs.protected_fifos": ("2", "sysctl-34"),
    "fs.protected_regular": ("2", "sysctl-34"),
}
CORE_DUMPS: dict[str, tuple[str, str]] = {
    "fs.suid_dumpable": ("0", "CIS 1.5.3, sysctl-31a"),
    "kernel.core_pattern": ("|/bin/false", "CIS 1.5.3"),
}

# Without SHA-1, CBC, and groups below 3072 bits; those that do not exist yet in OpenSSH 9.2 are left out there.
_POST_QUANTUM = ("mlkem768x25519-sha256", "sntrup761x25519-sha512")
KEY_EXCHANGES = (
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
)
CIPHERS = (
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
MACS = ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com")

# What the options of each switch are: given while it is off, they would have no effect.
OPTIONS_OF = {
    "hardening_firewall": ("hardening_open", "hardening_close", "hardening_firewall_rules", "hardening_ssh_allow"),
    "hardening_ssh": ("hardening_ssh_root",),
    "hardening_sysctl": ("hardening_sysctl_values",),
    "hardening_updates": ("hardening_reboot_at",),
    "hardening_journal": ("hardening_journal_size", "hardening_journal_days"),
    "hardening_services": ("hardening_services_off",),
    "hardening_bans": ("hardening_ban_minutes", "hardening_ban_never"),
}
SWITCHES = (*OPTIONS_OF, "hardening_time", "hardening_no_core_dumps", "hardening_umask")

WEB: tuple[dict[str, Any], ...] = ({"port": 80}, {"port": 443}, {"port": 443, "protocol": "udp"})
CHALLENGE = 80  # where a CA asks, whoever answers

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
    keys = [(one.get("port"), one.get("protocol", "tcp")) for one in value if isinstance(one, Mapping)]
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
    return webserver.networks(allow)


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
    open_ports = {
        one["port"] for one in options.get("hardening_open") or [] if isinstance(one, Mapping) and "port" in one
    }
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
        for one in options.get("hardening_open") or []
        if isinstance(one, Mapping) and one.get("protocol", "tcp") == "tcp" and one.get("port") in served
    ]


def hardening_plan(
    options: Mapping[str, Any], facts: Mapping[str, Any], app_ports: Iterable[int] = (), behind_nginx: bool = False
) -> dict[str, Any]:
    """The whole desired state of the host's hardening.

    Args:
        options: those of the role hardening, named without its prefix.
        facts: the host's.
        app_ports: where applications serve without nginx.
        behind_nginx: whether there are others.

    Raises:
        ValueError: the host's system is not supported.
    """
    platform = platform_of(facts)
    names = [switch.removeprefix("hardening_") for switch in SWITCHES]
    switched = {name: bool(options["hardening"] and options[name]) for name in names}
    values = {
        **(SYSCTL if switched["sysctl"] else {}),
        **(CORE_DUMPS if switched["no_core_dumps"] else {}),
    }
    if switched["sysctl"]:
        own = {name: ("" if value is None else str(value), "yours") for name, value in options["sysctl_values"].items()}
        values = {name: pair for name, pair in {**values, **own}.items() if pair[0]}
    web: tuple[dict[str, Any], ...] = WEB if behind_nginx else ({"port": CHALLENGE},)
    more = sorted(set(app_ports) - {one["port"] for one in web})
    return {
        **options,
        **switched,
        "sysctl_rules": values,
        "sysctl_wanted": {name: value for name, (value, _number) in values.items()},
        "firewall_wanted": {
            "web": [*web, *({"port": port} for port in more)],
            "open": options["open"],
            "close": options["close"],
            "rules": options["firewall_rules"],
            "ssh_allow": options["ssh_allow"],
        }
        if switched["firewall"]
        else None,
        "sshd_wanted": {
            "passwordauthentication": "no",
            "kbdinteractiveauthentication": "no",
            **({} if options["ssh_root"] else {"permitrootlogin": "no"}),
        }
        if switched["ssh"]
        else {},
        "key_exchanges": ",".join([*(_POST_QUANTUM if platform["post_quantum_ssh"] else ()), *KEY_EXCHANGES]),
        "ciphers": ",".join(CIPHERS),
        "macs": ",".join(MACS),
        "bans_web": behind_nginx,
        "services_wanted": options["services_off"] if switched["services"] else [],
    }
