"""The desired state of the role hardening on a host: its parts, each with what it needs, from its plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, Unpack

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import (
    HardeningEntry,
    HardeningPartEntry,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    RESTART_HOOK,
    RESTART_TIMER,
    SSHD_SETTINGS,
    SYSCTL_SETTINGS,
    UNITS,
    UPDATES_ENVIRONMENT,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_service
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.inspections import InspectionEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import file, secret
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan_types import HardeningPlan


def desired_state(plan: HardeningPlan, _here: HostContext) -> HardeningEntry:
    """Return what M(asgi.deploy.harden) takes."""
    return {
        "parts": _parts(plan),
        "firewall": plan["desired_firewall"],
        "sshd": plan["desired_sshd"],
        "ssh_exceptions": plan["ssh_exceptions"],
        "sysctl": plan["desired_sysctl"],
        "services": plan["desired_services"],
    }


def inspections(_plan: HardeningPlan, state: HardeningEntry) -> dict[str, InspectionEntry]:
    """Return what to inspect for a desired state."""
    return {"host": {"kind": "hardening", "options": {"desired": state}}}


class _Details(TypedDict, total=False):
    """What a part needs in addition to its files."""

    packages: list[str]
    enabled: list[str]
    active: list[str]
    ends: list[str]
    take: list[list[str]]
    alternatives: list[str]
    in_containers: bool
    modules: list[str]


def _parts(plan: HardeningPlan) -> list[HardeningPartEntry]:
    """Return all parts, on or off."""
    packages, units = plan["packages"], plan["units"]

    def part(
        name: str, on: bool, files: Mapping[str, str] | None = None, mode: str = "0644", **details: Unpack[_Details]
    ) -> HardeningPartEntry:
        """Return a part; `files` are templates, by the paths of the files that they make, which have the `mode`."""
        texts = {path: rendered("hardening", template, plan) for path, template in (files or {}).items()}
        made = [file(path, text, mode=mode) for path, text in texts.items()]
        return {"name": name, "on": on, "files": made, **details}

    return [
        part(
            "undo",
            plan["firewall"] or plan["ssh"],
            {
                f"{UNITS}/asgi-hardening-undo.service": "undo.service.j2",
                f"{UNITS}/asgi-hardening-undo.timer": "undo.timer.j2",
            },
            enabled=["asgi-hardening-undo.service"],
            ends=["asgi-hardening-undo.service", "asgi-hardening-undo.timer"],
        ),
        part(
            "firewall",
            plan["firewall"],
            {
                f"{UNITS}/asgi-firewall.service": "firewall.service.j2",
                f"{UNITS}/asgi-firewall-watch.service": "firewall_watch.service.j2",
            },
            packages=[packages["nft"]],
            enabled=["asgi-firewall.service"],
            active=["asgi-firewall.service", "asgi-firewall-watch.service"],
            ends=["asgi-firewall.service", "asgi-firewall-watch.service"],
        ),
        part(
            "sshd",
            plan["ssh"],
            {str(SSHD_SETTINGS): "sshd.conf.j2"},
            mode="0600",
            take=[["try-reload-or-restart", units["ssh"]]],
        ),
        part(
            "sysctl",
            bool(plan["sysctl_rules"]),
            {
                str(SYSCTL_SETTINGS): "sysctl.conf.j2",
                f"{UNITS}/asgi-sysctl.service": "sysctl.service.j2",
            },
            enabled=["asgi-sysctl.service"],
            ends=["asgi-sysctl.service"],
        ),
        part(
            "updates",
            plan["updates"],
            {"/etc/apt/apt.conf.d/60asgi-hardening": "apt.conf.j2"},
            packages=[packages["updates"]],
            enabled=list(units["updates"]),
            active=list(units["updates"]),
        ),
        _proxy_of_updates(plan),
        part(
            "restart",
            plan["restarts"],
            {
                f"{UNITS}/{RESTART_TIMER.replace('.timer', '.service')}": "restart.service.j2",
                f"{UNITS}/{RESTART_TIMER}": "restart.timer.j2",
            },
            modules=plan["restart_modules"],
            enabled=[RESTART_TIMER],
            active=[RESTART_TIMER],
            ends=[RESTART_TIMER],
            take=[["try-restart", RESTART_TIMER]] if plan["restarts"] else [],
        ),
        part("restart at once", plan["restarts_at_once"], {str(RESTART_HOOK): "restart_hook.conf.j2"}),
        part(
            "journal",
            plan["journal"],
            {"/etc/systemd/journald.conf.d/60-asgi-hardening.conf": "journald.conf.j2"},
            # Journals of applications read the settings of the host, too.
            take=[["restart", "systemd-journald.service"], ["try-restart", journal_service("asgi-*")]],
        ),
        part(
            "time",
            plan["time"],
            packages=[packages["time"]],
            enabled=[units["time"]],
            active=[units["time"]],
            alternatives=list(packages["other_time"]),
            in_containers=False,  # its clock is that of the machine around it
        ),
        part(
            "core dumps",
            plan["no_core_dumps"],
            {
                "/etc/security/limits.d/60-asgi-hardening.conf": "limits.conf.j2",
                "/etc/systemd/system.conf.d/60-asgi-hardening.conf": "system.conf.j2",
                "/etc/systemd/coredump.conf.d/60-asgi-hardening.conf": "coredump.conf.j2",
            },
        ),
        part("umask", plan["umask"], {"/etc/profile.d/60-asgi-hardening.sh": "profile.sh.j2"}),
        part(
            "bans",
            plan["bans"],
            {"/etc/fail2ban/jail.d/asgi-hardening.local": "jail.local.j2"},
            packages=list(packages["bans"]),
            enabled=["fail2ban.service"],
            active=["fail2ban.service"],
            ends=["fail2ban.service"],
            take=[["reload-or-restart", "fail2ban.service"]] if plan["bans"] else [],
        ),
    ]


def _proxy_of_updates(plan: HardeningPlan) -> HardeningPartEntry:
    """Return the part by which updates of the host use its proxy; a file that apt reads could be read by all users."""
    services = [timer.replace(".timer", ".service") for timer in plan["units"]["updates"]]
    settings = rendered("hardening", "updates_proxy.conf.j2", plan)
    drop_ins = [file(f"{UNITS}/{service}.d/60-asgi-proxy.conf", settings, mode="0644") for service in services]
    return {
        "name": "proxy",
        "on": bool(plan["updates"] and plan["environment"]),
        "files": [secret(str(UPDATES_ENVIRONMENT), plan["environment"]), *drop_ins],
    }
