"""What the role hardening does on a host: looks, refuses what would shut somebody out, writes, and can go back.

Firewall and sshd are changed on trial: see trial.py.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening import ssh_access, ssh_exceptions, sysctl
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.desired import DesiredHardening, Part
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.exposure import (
    describe_blocked,
    find_listeners,
    other_firewalls,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import (
    Firewall,
    admits,
    blocked_listeners,
    ruleset,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall_state import (
    is_loaded,
    with_own_ports,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.trial import (
    FIREWALL,
    RULES,
    SSHD_SETTINGS,
    STATE,
    TIMER,
    UNDO,
    WATCH,
    keep_undo,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import (
    ManagedFile,
    apply_all,
    differences,
    write,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@dataclass
class HardeningState:
    """What is on the host, as far as it is not as it shall be."""

    drift: dict[str, list[tuple[ManagedFile, dict[str, Any]]]] = field(default_factory=dict)
    units: dict[str, list[str]] = field(default_factory=dict)
    masked: dict[str, list[str]] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)
    parameters: sysctl.Parameters = field(default_factory=sysctl.Parameters)
    running: list[str] = field(default_factory=list)  # services that shall not
    stopped: list[str] = field(default_factory=list)  # services that we once switched off and shall no more
    firewall: bool = False  # the rules are to be loaded
    unconfirmed: bool = False  # an earlier run was cut off before its new connection

    @property
    def changed(self) -> list[str]:
        """The names of what is to be done."""
        also = {
            "firewall": self.firewall,
            "sysctl": bool(self.parameters.differ),
            "services": bool(self.running or self.stopped),
            "packages": bool(self.packages),
            "confirmation": self.unconfirmed,
        }
        return sorted({*self.drift, *self.units, *(name for name, needed in also.items() if needed)})

    @property
    def diff(self) -> list[dict[str, Any]]:
        """As Ansible's --diff shows it."""
        shown = [difference for part in self.drift.values() for _item, difference in part]
        before = "".join(f"{name} = {value}\n" for name, value in self.parameters.found.items())
        after = "".join(f"{name} = {value}\n" for name, value in self.parameters.differ.items())
        before += "".join(f"{unit} runs\n" for unit in self.running)
        after += "".join(f"{unit} runs\n" for unit in self.stopped)
        after += "".join(f"{name} is installed\n" for name in self.packages)
        after += "".join(f"{unit} runs\n" for units in self.units.values() for unit in units)
        header = "the running host"
        shown += [{"before_header": header, "after_header": header, "before": before, "after": after}]
        return [one for one in shown if one["before"] != one["after"]]


class Hardening:
    """One host on its way to what is wanted."""

    def __init__(self, wanted: DesiredHardening) -> None:
        self.connection = ssh_access.find_connection()
        self.sshd = ssh_access.effective_options()
        self.ssh_ports = ssh_access.ports(self.sshd, self.connection)
        self.wanted = wanted
        self.firewall = with_own_ports(wanted.firewall) if wanted.firewall else None
        self.parts = [
            self._with_rules(part) if part.name == "firewall" else part for part in wanted.parts if _applies(part)
        ]

    def _with_rules(self, part: Part) -> Part:
        """The firewall's part, with the rules that only the host can know: where its sshd listens."""
        text = ruleset(self.firewall, self.ssh_ports, self._ephemeral()) if self.firewall else ""
        rules = ManagedFile(RULES, "file" if part.on else "absent", text.encode(), 0o600, "root", "root")
        return replace(part, items=(rules, *part.items))

    def _ephemeral(self) -> int:
        """The first of the ports that the kernel gives to clients, once its parameters are as they shall be."""
        name = "net.ipv4.ip_local_port_range"
        found = self.wanted.sysctl.get(name) or Path("/proc/sys", name.replace(".", "/")).read_text()
        return int(found.split()[0])

    def look(self) -> HardeningState:
        found = HardeningState(unconfirmed=UNDO.exists())
        former = [name for name in _read_record("services") if name not in self.wanted.services]
        named = [name for part in self.parts if part.on for name in part.enabled] + [*self.wanted.services, *former]
        seen = {unit.name: unit for unit in systemd.show(*dict.fromkeys(named))}
        for part in self.parts:
            others = [item for other in self.parts if other is not part for item in other.items]
            if drift := differences(part.items, others):
                found.drift[part.name] = drift
            if not part.on:
                continue
            units = [seen[name] for name in part.enabled]
            down = [unit.name for unit in units if not unit.enabled or (unit.name in part.active and not unit.active)]
            if down:
                found.units[part.name] = down
            # What takes changes back is no switch's.
            if part.name != "undo" and (masked := [unit.name for unit in units if unit.masked]):
                found.masked[part.name] = masked
        found.packages = apt.missing_packages([name for part in self.parts for name in part.packages])
        found.parameters = sysctl.inspect(self.wanted.sysctl, _read_record("sysctl"), _read_record("refused"))
        found.running = [name for name in self.wanted.services if seen[name].present and _runs(seen[name])]
        found.stopped = [name for name in former if seen[name].present]
        if self.wanted.firewall:
            found.firewall = bool({"firewall"} & {*found.drift, *found.units}) or not is_loaded()
        return found

    def refusals(self, found: HardeningState) -> list[str]:
        """Why nothing may be changed: each says what was found and what to write."""
        reasons = [
            f"hardening_{name}: {', '.join(units)} is masked on this host and cannot be started; "
            f"unmask it with systemctl unmask, or write hardening_{name}: false"
            for name, units in found.masked.items()
        ]
        if self.firewall:
            reasons += other_firewalls()
            reasons += self._firewall_refusals(self.firewall) if found.firewall else []
        if self.wanted.sshd and "sshd" in found.drift and (seen := self.connection):
            if not ssh_access.has_key(seen.user, ssh_access.effective_options(seen.user)):
                reasons.append(
                    f"hardening_ssh: the user {seen.user}, as whom this run logged in, has no authorized key and would "
                    "be shut out; give it one (ssh-copy-id), or write hardening_ssh: false"
                )
            if seen.user == "root" and self.wanted.sshd.get("permitrootlogin") == "no":
                reasons.append(
                    "hardening_ssh_root: found false, and this run logged in as root, who would be shut out; "
                    "connect as another user, or leave it out"
                )
        return reasons + (self._ssh_refusals("sshd" in found.drift) if self.wanted.sshd else [])

    def _ssh_refusals(self, changes: bool) -> list[str]:
        """Why keys alone are not what this host would have, or nobody could come by one."""
        lines = list(ssh_exceptions.configuration())
        reasons = [
            f"hardening_ssh: {one.place} has {one.option} {one.value} for Match {one.criteria}, which lets passwords "
            f"or root in again; take it out, or write hardening_ssh_exceptions: [{one.criteria}]"
            for one in ssh_exceptions.unexpected_options(lines, self.wanted.sshd, self.wanted.ssh_exceptions)
        ]
        root = self.wanted.sshd.get("permitrootlogin") != "no"
        # What did not come by SSH proves nothing of it when it comes again.
        if changes and self.connection is None and not ssh_exceptions.users_with_keys(self.sshd, root):
            reasons.append(
                "hardening_ssh: this run did not come by SSH, and no user of the host has an authorized key, so that "
                "nobody could log in any more; give one to somebody, or write hardening_ssh: false"
            )
        return reasons

    def _firewall_refusals(self, firewall: Firewall) -> list[str]:
        reasons = []
        if self.connection and not admits(firewall, self.connection.client):
            reasons.append(
                f"hardening_ssh_allow: this run comes from {self.connection.client}, which is in none of "
                f"{', '.join(firewall.ssh_allow)}; add it"
            )
        for port in sorted(set(self.ssh_ports)):
            if any(one.allow for one in firewall.openings if (one.protocol, one.port) == ("tcp", port)):
                reasons.append(
                    f"hardening_open: found port {port} with allow, where sshd listens, which has an option for that; "
                    "write hardening_ssh_allow"
                )
            if port in firewall.closed:
                reasons.append(f"hardening_close: found {port}, where sshd listens, which stays open; leave it out")
        return reasons + [
            describe_blocked(one)
            for one in blocked_listeners(firewall, self.ssh_ports, find_listeners(), self._ephemeral())
        ]

    def apply(self, found: HardeningState) -> tuple[list[str], bool]:
        """Does what is to be done.

        Returns:
            The parameters that the kernel did not take, and whether a new connection has to confirm.
        """
        if found.packages:
            apt.install(found.packages)
        on_trial = found.firewall or bool(self.wanted.sshd and "sshd" in found.drift)
        if on_trial:
            keep_undo(verb for part in self.parts if part.name == "sshd" for verb in part.take)
        for part in self.parts:
            if not part.on and part.name in found.drift:
                _stop_own(part.ends)
        try:
            self._write(found)
        except BaseException:
            if on_trial and not found.unconfirmed:
                shutil.rmtree(UNDO)
            raise
        if on_trial or found.unconfirmed:
            systemd.restart(TIMER)
        self._take(found)
        fixed = [*found.parameters.fixed, *self._set_parameters(found)]
        self._switch_services(found)
        return fixed, on_trial or found.unconfirmed

    def _write(self, found: HardeningState) -> None:
        items = [item for part in self.parts for item, _difference in found.drift.get(part.name, [])]
        # What puts back comes first.
        apply_all(sorted(items, key=lambda item: "undo" not in item.path.name), lambda: self._validate(found))
        if any("/systemd/" in str(item.path) for item in items):
            systemd.daemon_reload()

    def _validate(self, found: HardeningState) -> None:
        if self.wanted.firewall and "firewall" in found.drift:
            _check(["nft", "--check", "--file", str(RULES)], "nft refuses the rules")
        if "sshd" in found.drift:
            _check(["sshd", "-t"], "sshd refuses its settings")
            if wrong := ssh_access.ineffective_options(ssh_access.effective_options(), self.wanted.sshd):
                raise DeployError(
                    f"sshd does not take {SSHD_SETTINGS}; put back as it was: {'; '.join(wrong)}. A file that comes "
                    "before it says something else, or sshd_config does not include that folder"
                )

    def _take(self, found: HardeningState) -> None:
        # The firewall starts at boot only when a new connection has come through it. What puts back does so already
        # when sshd takes its settings.
        due = [part for part in self.parts if part.on and part.name in {*found.drift, *found.units} - {"firewall"}]
        if enabled := list(chain.from_iterable(part.enabled for part in due)):
            systemd.enable(*enabled)
        for part in self.parts:
            if part.name in found.drift:
                for verb, unit in part.take:
                    systemd.change(verb, unit)
        if active := list(chain.from_iterable(part.active for part in due)):
            systemd.start(*active)
        if found.firewall:
            systemd.change("reload-or-restart", FIREWALL)
            systemd.start(WATCH)

    def _set_parameters(self, found: HardeningState) -> list[str]:
        refused = []
        if found.parameters.differ:
            former = _read_record("sysctl")
            ours = set(sysctl.inspect(self.wanted.sysctl, {}).differ)
            kept = {**{name: found.parameters.found[name] for name in ours if name in found.parameters.found}, **former}
            _write_record("sysctl", kept)
            refused = sysctl.apply(found.parameters)
            _write_record(
                "refused", {**_read_record("refused"), **{name: found.parameters.differ[name] for name in refused}}
            )
            back = {name for name in found.parameters.differ if name not in ours}
            _write_record("sysctl", {name: value for name, value in kept.items() if name not in back})
        return refused

    def _switch_services(self, found: HardeningState) -> None:
        if not found.running and not found.stopped:
            return
        former = _read_record("services")
        for unit in systemd.show(*found.running):
            former.setdefault(unit.name, "enabled" if unit.enabled else "started")
        _write_record("services", former)
        if found.running:
            systemd.run_systemctl("disable", "--now", "--quiet", "--", *found.running)
        for name in found.stopped:
            if former[name] == "enabled":
                systemd.enable(name)
            systemd.start(name)
        _write_record("services", {name: how for name, how in former.items() if name not in found.stopped})


def reboot_required() -> bool:
    """Whether an upgrade waits for a reboot."""
    return Path("/run/reboot-required").exists()


def _applies(part: Part) -> bool:
    """Whether this host needs a part at all; to take it back, nothing speaks against."""
    if (
        part.on
        and not part.in_containers
        and run_unchecked(["systemd-detect-virt", "--quiet", "--container"], reads=True).returncode == 0
    ):
        return False
    return not part.on or not part.not_beside or len(apt.missing_packages(part.not_beside)) == len(part.not_beside)


def _runs(unit: systemd.Unit) -> bool:
    return unit.active or unit.enabled


def _stop_own(units: Sequence[str]) -> None:
    """Ends what we had started, before its files go."""
    if ours := [unit.name for unit in systemd.show(*units) if unit.present and _runs(unit)]:
        systemd.run_systemctl("disable", "--now", "--quiet", "--", *ours)


def _check(command: list[str], otherwise: str) -> None:
    checked = run_unchecked(command)
    if checked.returncode:
        raise DeployError(f"{otherwise}; put back as it was, and nothing was changed\n{last_lines(checked)}")


def _read_record(name: str) -> dict[str, str]:
    file = STATE / f"{name}.json"
    values: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return values


def _write_record(name: str, values: Mapping[str, str]) -> None:
    file = STATE / f"{name}.json"
    if not values:
        file.unlink(missing_ok=True)
        return
    STATE.mkdir(parents=True, exist_ok=True)
    write(file, f"{json.dumps(values, indent=2, sort_keys=True)}\n".encode(), 0o600)
