"""What the hardening of a host comes to: parts, each with files, packages and units, as the controller decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import Firewall
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile


@dataclass(frozen=True)
class Part:
    """Files that belong together, and how the host takes them."""

    name: str
    items: tuple[ManagedFile, ...]
    on: bool = True
    packages: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()  # units that start at boot
    active: tuple[str, ...] = ()  # those of them that must run now
    ends: tuple[str, ...] = ()  # units that are ours, and end when the part is taken back
    take: tuple[tuple[str, ...], ...] = ()  # verbs of systemctl and units, after a change of files
    not_beside: tuple[str, ...] = ()  # packages that do the same already
    in_containers: bool = True  # whether a container has any use for it

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Part:
        """From the options of the module harden; what is off has none of its files and needs no packages."""
        on = options["on"]
        files = options["files"] if on else [{**item, "state": "absent"} for item in options["files"]]
        return cls(
            name=options["name"],
            on=on,
            items=tuple(map(ManagedFile.of, files)),
            packages=tuple(options["packages"] if on else ()),
            enabled=tuple(options["enabled"]),
            active=tuple(options["active"]),
            ends=tuple(options["ends"]),
            take=tuple(map(tuple, options["take"])),
            not_beside=tuple(options["not_beside"]),
            in_containers=options["in_containers"],
        )


@dataclass(frozen=True)
class DesiredHardening:
    """The hardening that a host must have."""

    parts: tuple[Part, ...]
    firewall: Firewall | None = None
    sshd: Mapping[str, str] = field(default_factory=dict)  # what `sshd -T` must show
    ssh_exceptions: tuple[str, ...] = ()  # criteria of `Match` by which passwords or root are meant to be let in
    sysctl: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()  # units that must not run

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> DesiredHardening:
        """From :data:`DESIRED_HARDENING_OPTIONS`."""
        return cls(
            parts=tuple(map(Part.of, options["parts"])),
            firewall=Firewall.of(options["firewall"]) if options["firewall"] else None,
            sshd=options["sshd"],
            ssh_exceptions=tuple(options["ssh_exceptions"]),
            sysctl=options["sysctl"],
            services=tuple(options["services"]),
        )
