"""The state of a host's hardening: what differs from what is desired."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening import sysctl
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Difference


@dataclass
class HardeningState:
    """What differs on the host from the desired hardening.

    Attributes:
        drift: files that differ, by part.
        units: units that do not run or do not start at boot, by part.
        masked: units that an administrator has forbidden to start, by part.
        packages: Debian packages that are missing.
        parameters: of the kernel.
        running: services that must not run.
        stopped: services that an earlier run switched off and that are to run again.
        firewall: whether the rules must be loaded.
        unconfirmed: whether an earlier run was cut off before its new connection.
    """

    drift: dict[str, list[tuple[ManagedFile, Difference]]] = field(default_factory=dict)
    units: dict[str, list[str]] = field(default_factory=dict)
    masked: dict[str, list[str]] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)
    parameters: sysctl.Parameters = field(default_factory=sysctl.Parameters)
    running: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    firewall: bool = False
    unconfirmed: bool = False

    @property
    def changed(self) -> list[str]:
        """Return the names of what must be applied."""
        others = {
            "firewall": self.firewall,
            "sysctl": bool(self.parameters.differ),
            "services": bool(self.running or self.stopped),
            "packages": bool(self.packages),
            "confirmation": self.unconfirmed,
        }
        return sorted({*self.drift, *self.units, *(name for name, needed in others.items() if needed)})

    @property
    def diff(self) -> list[Difference]:
        """Return the differences, as Ansible's --diff shows them."""
        differences = [difference for part in self.drift.values() for _item, difference in part]
        before = "".join(f"{name} = {value}\n" for name, value in self.parameters.found.items())
        after = "".join(f"{name} = {value}\n" for name, value in self.parameters.differ.items())
        before += "".join(f"{unit} runs\n" for unit in self.running)
        after += "".join(f"{unit} runs\n" for unit in self.stopped)
        after += "".join(f"{name} is installed\n" for name in self.packages)
        after += "".join(f"{unit} runs\n" for units in self.units.values() for unit in units)
        header = "the running host"
        differences.append({"before_header": header, "after_header": header, "before": before, "after": after})
        return [difference for difference in differences if difference["before"] != difference["after"]]
