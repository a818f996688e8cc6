"""What the role hardening wants on a host: its parts, each with what it needs, from what was decided of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import SSHD_SETTINGS, SYSCTL_SETTINGS, UNITS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_service
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import file
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered


def desired_state(plan: Mapping[str, Any], _here: HostContext) -> dict[str, Any]:
    """What M(asgi.deploy.harden) takes as `wanted`."""
    return {
        "parts": _parts(plan),
        "firewall": plan["firewall_wanted"],
        "sshd": plan["sshd_wanted"],
        "ssh_exceptions": plan["ssh_exceptions"],
        "sysctl": plan["sysctl_wanted"],
        "services": plan["services_wanted"],
    }


def inspections(_plan: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What to look at, for what :func:`desired_state` gave."""
    return {"host": {"kind": "hardening", "options": {"wanted": own}}}


def _parts(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    packages, units = plan["packages"], plan["units"]

    def part(
        name: str, on: Any, files: Mapping[str, str] | None = None, mode: str = "0644", **more: Any
    ) -> dict[str, Any]:
        """`files` are templates, by the paths of what is made of them; `mode` is theirs."""
        texts = {path: rendered("hardening", template, plan) for path, template in (files or {}).items()}
        made = [file(path, text, mode=mode) for path, text in texts.items()]
        return {"name": name, "on": bool(on), "files": made, **more}

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
            plan["sysctl_rules"],
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
        part(
            "journal",
            plan["journal"],
            {"/etc/systemd/journald.conf.d/60-asgi-hardening.conf": "journald.conf.j2"},
            # Those of applications read the host's settings, too.
            take=[["restart", "systemd-journald.service"], ["try-restart", journal_service("asgi-*")]],
        ),
        part(
            "time",
            plan["time"],
            packages=[packages["time"]],
            enabled=[units["time"]],
            active=[units["time"]],
            not_beside=list(packages["other_time"]),
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
