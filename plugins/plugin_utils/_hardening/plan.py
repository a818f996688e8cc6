"""The plan of the hardening of a host. The rules for its options are in options.py.

Numbers are those of the CIS benchmark that docs/hardening.md names, and of the baselines of dev-sec.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FirewallEntry, OpeningEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PATHS
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import PACKAGE, needed
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import CHALLENGE_PORT
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.options import SWITCHES
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan_types import (
    HardeningOptions,
    HardeningPlan,
    Switches,
)

# Kernel parameters, each with the rule that asks for it; * is every interface. What could lock someone out of a live
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

RESTARTS = "_host.operations.restart_replaced"  # below plugins/module_utils
RESTART_AT = "04:00"  # where no time of a reboot is set

WEB: tuple[OpeningEntry, ...] = ({"port": 80}, {"port": 443}, {"port": 443, "protocol": "udp"})


def hardening_plan(
    options: HardeningOptions,
    facts: Facts,
    app_ports: Iterable[int] = (),
    behind_nginx: bool = False,
    environment: str = "",
) -> HardeningPlan:
    """Return the plan of the host's hardening.

    Args:
        options: those of the role hardening, named without its prefix.
        facts: the host's.
        app_ports: ports of applications without nginx.
        behind_nginx: whether there are applications behind nginx.
        environment: the text of a file with variables that updates need.

    Raises:
        ValueError: the host's system is not supported.
    """
    platform = platform_of(facts)
    switched = _switches(options)
    values = {
        **(SYSCTL if switched["sysctl"] else {}),
        **(CORE_DUMPS if switched["no_core_dumps"] else {}),
    }
    if switched["sysctl"]:
        requested = {
            name: ("" if value is None else str(value), "yours") for name, value in options["sysctl_values"].items()
        }
        values = {name: pair for name, pair in {**values, **requested}.items() if pair[0]}
    web: tuple[OpeningEntry, ...] = WEB if behind_nginx else ({"port": CHALLENGE_PORT},)
    ports = sorted(set(app_ports) - {opening["port"] for opening in web})
    extra: list[OpeningEntry] = [{"port": port} for port in ports]
    firewall: FirewallEntry = {
        "web": [*web, *extra],
        "open": options["open"],
        "close": options["close"],
        "rules": options["firewall_rules"],
        "ssh_allow": options["ssh_allow"],
    }
    return {
        **options,
        **switched,
        "paths": PATHS,
        "environment": environment,
        "sysctl_rules": values,
        "desired_sysctl": {name: value for name, (value, _number) in values.items()},
        "desired_firewall": firewall if switched["firewall"] else None,
        "desired_sshd": {
            "passwordauthentication": "no",
            "kbdinteractiveauthentication": "no",
            **({} if options["ssh_root"] else {"permitrootlogin": "no"}),
        }
        if switched["ssh"]
        else {},
        "key_exchanges": ",".join([*(_POST_QUANTUM if platform.post_quantum_ssh else ()), *KEY_EXCHANGES]),
        "ciphers": ",".join(CIPHERS),
        "macs": ",".join(MACS),
        "packages": {
            "nft": platform.packages.nft,
            "updates": platform.packages.updates,
            "time": platform.packages.time,
            "other_time": list(platform.packages.other_time),
            "bans": list(platform.packages.bans),
        },
        "units": {
            "ssh": platform.units.ssh,
            "time": platform.units.time,
            "updates": list(platform.units.updates),
        },
        "apt_origins": list(platform.apt_origins),
        "restarts": options["hardening"] and options["restart"] != "never",
        "restarts_at_once": options["hardening"] and options["restart"] == "now",
        "restart_at": options["reboot_at"] or RESTART_AT,
        "restart_module": f"{PACKAGE}.{RESTARTS}",
        "restart_modules": list(needed(RESTARTS)),
        "bans_web": behind_nginx,
        "desired_services": options["services_off"] if switched["services"] else [],
    }


def _switches(options: HardeningOptions) -> Switches:
    """Return the switches of the role; all of them are off where the whole role is."""
    names = [switch.removeprefix("hardening_") for switch in SWITCHES]
    return cast("Switches", {name: on and options["hardening"] for name, on in options.items() if name in names})
