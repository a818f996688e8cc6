"""The hardening of a host: it inspects, refuses what would lock someone out, applies, and can be undone.

Firewall and sshd are changed on trial: see trial.py.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

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
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.state import HardeningState
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


class Hardening:
    """The hardening of this host."""

    def __init__(self, desired: DesiredHardening) -> None:
        """Read how this run came here and what sshd is configured to do.

        Raises:
            DeployError: sshd refuses its configuration.
        """
        self.connection = ssh_access.find_connection()
        self.sshd = ssh_access.effective_options()
        self.ssh_ports = ssh_access.ports(self.sshd, self.connection)
        self.desired = desired
        self.firewall = with_own_ports(desired.firewall) if desired.firewall else None
        self.parts = [
            self._with_rules(part) if part.name == "firewall" else part for part in desired.parts if _applies(part)
        ]

    def _with_rules(self, part: Part) -> Part:
        """Return the firewall's part with its rules, which depend on the ports where sshd listens."""
        text = ruleset(self.firewall, self.ssh_ports, self._ephemeral()) if self.firewall else ""
        rules = ManagedFile(RULES, "file" if part.on else "absent", text.encode(), 0o600, "root", "root")
        return replace(part, files=(rules, *part.files))

    def _ephemeral(self) -> int:
        """Return the first of the ports that the kernel gives to clients, by the desired parameters."""
        name = "net.ipv4.ip_local_port_range"
        ports = self.desired.sysctl.get(name) or Path("/proc/sys", name.replace(".", "/")).read_text()
        return int(ports.split()[0])

    def inspect(self) -> HardeningState:
        """Return what differs on the host; change nothing."""
        state = HardeningState(unconfirmed=UNDO.exists())
        former = [name for name in _read_record("services") if name not in self.desired.services]
        named = [name for part in self.parts if part.on for name in part.enabled] + [*self.desired.services, *former]
        shown = {unit.name: unit for unit in systemd.show(*dict.fromkeys(named))}
        for part in self.parts:
            others = [file for other in self.parts if other is not part for file in other.files]
            if drift := differences(part.files, others):
                state.drift[part.name] = drift
            if not part.on:
                continue
            units = [shown[name] for name in part.enabled]
            down = [unit.name for unit in units if not unit.enabled or (unit.name in part.active and not unit.active)]
            if down:
                state.units[part.name] = down
            # The undo of trials belongs to no switch.
            if part.name != "undo" and (masked := [unit.name for unit in units if unit.masked]):
                state.masked[part.name] = masked
        state.packages = apt.missing_packages([name for part in self.parts for name in part.packages])
        state.parameters = sysctl.inspect(self.desired.sysctl, _read_record("sysctl"), _read_record("refused"))
        state.running = [name for name in self.desired.services if shown[name].present and _runs(shown[name])]
        state.stopped = [name for name in former if shown[name].present]
        if self.desired.firewall:
            state.firewall = bool({"firewall"} & {*state.drift, *state.units}) or not is_loaded()
        return state

    def refusals(self, state: HardeningState) -> list[str]:
        """Return why nothing may be changed; each text says what was found and what to write."""
        reasons = [
            f"hardening_{name}: {', '.join(units)} is masked on this host and cannot be started; "
            f"unmask it with systemctl unmask, or write hardening_{name}: {'never' if name == 'restart' else 'false'}"
            for name, units in state.masked.items()
        ]
        if self.firewall:
            reasons += other_firewalls()
            reasons += self._firewall_refusals(self.firewall) if state.firewall else []
        if self.desired.sshd and "sshd" in state.drift and (connection := self.connection):
            user = connection.user
            if not ssh_access.has_key(user, ssh_access.effective_options(user)):
                reasons.append(
                    f"hardening_ssh: the user {user}, as which this run logged in, has no authorized key and would be "
                    "locked out; give it one (ssh-copy-id), or write hardening_ssh: false"
                )
            if user == "root" and self.desired.sshd.get("permitrootlogin") == "no":
                reasons.append(
                    "hardening_ssh_root: found false, and this run logged in as root, which would be locked out; "
                    "connect as another user, or leave it out"
                )
        return reasons + (self._ssh_refusals("sshd" in state.drift) if self.desired.sshd else [])

    def _ssh_refusals(self, changes: bool) -> list[str]:
        """Return why this host would accept more than keys, or why no one could log in by a key.

        Args:
            changes: whether the settings of sshd are about to change.
        """
        lines = list(ssh_exceptions.configuration())
        reasons = [
            f"hardening_ssh: {match.place} has {match.option} {match.value} for Match {match.criteria}, which lets "
            f"passwords or root in again; remove it, or write hardening_ssh_exceptions: [{match.criteria}]"
            for match in ssh_exceptions.unexpected_options(lines, self.desired.sshd, self.desired.ssh_exceptions)
        ]
        root = self.desired.sshd.get("permitrootlogin") != "no"
        # A run that did not come by SSH proves nothing about SSH by a second connection.
        if changes and self.connection is None and not ssh_exceptions.users_with_keys(self.sshd, root):
            reasons.append(
                "hardening_ssh: this run did not come by SSH, and no user of the host has an authorized key, so that "
                "no one could log in any more; give a user one, or write hardening_ssh: false"
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
            same = [opening for opening in firewall.openings if (opening.protocol, opening.port) == ("tcp", port)]
            if any(opening.allow for opening in same):
                reasons.append(
                    f"hardening_open: found port {port} with allow, where sshd listens, which has an option for that; "
                    "write hardening_ssh_allow"
                )
            if port in firewall.closed:
                reasons.append(f"hardening_close: found {port}, where sshd listens, which stays open; leave it out")
        return reasons + [
            describe_blocked(listener)
            for listener in blocked_listeners(firewall, self.ssh_ports, find_listeners(), self._ephemeral())
        ]

    def apply(self, state: HardeningState) -> tuple[list[str], bool]:
        """Apply what differs.

        Returns:
            The parameters that the kernel refused, and whether a new connection has to confirm the changes.
        """
        if state.packages:
            apt.install(state.packages)
        on_trial = state.firewall or bool(self.desired.sshd and "sshd" in state.drift)
        if on_trial:
            keep_undo(verb for part in self.parts if part.name == "sshd" for verb in part.take)
        for part in self.parts:
            if not part.on and part.name in state.drift:
                _stop_own(part.ends)
        try:
            self._write(state)
        except BaseException:
            if on_trial and not state.unconfirmed:
                shutil.rmtree(UNDO)
            raise
        if on_trial or state.unconfirmed:
            systemd.restart(TIMER)
        self._activate(state)
        fixed = [*state.parameters.fixed, *self._set_parameters(state)]
        self._switch_services(state)
        return fixed, on_trial or state.unconfirmed

    def _write(self, state: HardeningState) -> None:
        files = [file for part in self.parts for file, _difference in state.drift.get(part.name, [])]
        # The files of the undo come first.
        apply_all(sorted(files, key=lambda file: "undo" not in file.path.name), lambda: self._validate(state))
        if any("/systemd/" in str(file.path) for file in files):
            systemd.daemon_reload()

    def _validate(self, state: HardeningState) -> None:
        if self.desired.firewall and "firewall" in state.drift:
            _check(["nft", "--check", "--file", str(RULES)], "nft refuses the rules")
        if "sshd" in state.drift:
            _check(["sshd", "-t"], "sshd refuses its settings")
            if ineffective := ssh_access.ineffective_options(ssh_access.effective_options(), self.desired.sshd):
                raise DeployError(
                    f"sshd does not take {SSHD_SETTINGS}; restored as it was: {'; '.join(ineffective)}. A file that is "
                    "read before it has another value, or sshd_config does not include that folder"
                )

    def _activate(self, state: HardeningState) -> None:
        # The firewall starts at boot only when a new connection has come through it. The undo must be there already
        # when sshd reads its settings.
        changed = [part for part in self.parts if part.on and part.name in {*state.drift, *state.units} - {"firewall"}]
        if enabled := list(chain.from_iterable(part.enabled for part in changed)):
            systemd.enable(*enabled)
        for part in self.parts:
            if part.name in state.drift:
                for verb, unit in part.take:
                    systemd.change(verb, unit)
        if active := list(chain.from_iterable(part.active for part in changed)):
            systemd.start(*active)
        if state.firewall:
            systemd.change("reload-or-restart", FIREWALL)
            systemd.start(WATCH)

    def _set_parameters(self, state: HardeningState) -> list[str]:
        refused = []
        if state.parameters.differ:
            former = _read_record("sysctl")
            ours = set(sysctl.inspect(self.desired.sysctl, {}).differ)
            kept = {**{name: state.parameters.found[name] for name in ours if name in state.parameters.found}, **former}
            _write_record("sysctl", kept)
            refused = sysctl.apply(state.parameters)
            _write_record(
                "refused", {**_read_record("refused"), **{name: state.parameters.differ[name] for name in refused}}
            )
            restored = {name for name in state.parameters.differ if name not in ours}
            _write_record("sysctl", {name: value for name, value in kept.items() if name not in restored})
        return refused

    def _switch_services(self, state: HardeningState) -> None:
        if not state.running and not state.stopped:
            return
        former = _read_record("services")
        for unit in systemd.show(*state.running):
            former.setdefault(unit.name, "enabled" if unit.enabled else "started")
        _write_record("services", former)
        if state.running:
            systemd.run_systemctl("disable", "--now", "--quiet", "--", *state.running)
        for name in state.stopped:
            if former[name] == "enabled":
                systemd.enable(name)
            systemd.start(name)
        _write_record("services", {name: how for name, how in former.items() if name not in state.stopped})


def reboot_required() -> bool:
    """Return whether an upgrade waits for a reboot."""
    return Path("/run/reboot-required").exists()


def _applies(part: Part) -> bool:
    """Return whether this host needs a part at all; one that is off can be removed from every host."""
    if (
        part.on
        and not part.in_containers
        and run_unchecked(["systemd-detect-virt", "--quiet", "--container"], reads=True).returncode == 0
    ):
        return False
    return (
        not part.on or not part.alternatives or len(apt.missing_packages(part.alternatives)) == len(part.alternatives)
    )


def _runs(unit: systemd.Unit) -> bool:
    return unit.active or unit.enabled


def _stop_own(units: Sequence[str]) -> None:
    """Stop units of this collection, before their files are removed."""
    if running := [unit.name for unit in systemd.show(*units) if unit.present and _runs(unit)]:
        systemd.run_systemctl("disable", "--now", "--quiet", "--", *running)


def _check(command: list[str], otherwise: str) -> None:
    checked = run_unchecked(command)
    if checked.returncode:
        raise DeployError(f"{otherwise}; restored as it was, and nothing was changed\n{last_lines(checked)}")


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
