"""The desired hardening of a host: parts, each with files, packages and units, as the controller decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import Firewall
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.own_code import code_files, no_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import RESTART_LIBRARY

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import (
        FileEntry,
        HardeningEntry,
        HardeningPartEntry,
    )


@dataclass(frozen=True)
class Part:
    """Files that belong together, and how the host applies them; see `HardeningPartEntry`.

    Attributes:
        name: of the switch, without hardening_.
        files: its files.
        on: whether it is desired.
        packages: Debian packages that it needs.
        enabled: units that start at boot.
        active: those of them that must run now.
        ends: units of this collection that end when the part is switched off.
        take: verbs of systemctl and units, after a change of files.
        alternatives: packages that do the same already.
        in_containers: whether a container has any use for it.
    """

    name: str
    files: tuple[ManagedFile, ...]
    on: bool = True
    packages: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    take: tuple[tuple[str, ...], ...] = ()
    alternatives: tuple[str, ...] = ()
    in_containers: bool = True

    @classmethod
    def of(cls, entry: HardeningPartEntry) -> Part:
        """Return the part that an entry describes; a part that is off has none of its files and needs no packages."""
        on = entry["on"]
        absent: list[FileEntry] = [{**file, "state": "absent"} for file in entry["files"]]
        return cls(
            name=entry["name"],
            on=on,
            files=(*map(ManagedFile.of, entry["files"] if on else absent), *_code(entry)),
            packages=tuple(entry["packages"] if on else ()),
            enabled=tuple(entry["enabled"]),
            active=tuple(entry["active"]),
            ends=tuple(entry["ends"]),
            take=tuple(map(tuple, entry["take"])),
            alternatives=tuple(entry["alternatives"]),
            in_containers=entry["in_containers"],
        )


def _code(entry: HardeningPartEntry) -> list[ManagedFile]:
    """Return the code of a part, or what removes the code of one that is off."""
    if not entry["modules"]:
        return []
    folder = Path(RESTART_LIBRARY)
    return code_files(folder, entry["modules"]) if entry["on"] else no_files(folder)


@dataclass(frozen=True)
class DesiredHardening:
    """The hardening that a host must have; see `HardeningEntry`.

    Attributes:
        parts: files, packages and units.
        firewall: what comes in; None leaves the firewall as it is.
        sshd: values that `sshd -T` must show, by lower-case keyword.
        ssh_exceptions: criteria of `Match` by which passwords or root are meant to be let in.
        sysctl: values of kernel parameters, by dotted name.
        services: units that must not run.
    """

    parts: tuple[Part, ...]
    firewall: Firewall | None = None
    sshd: Mapping[str, str] = field(default_factory=dict)
    ssh_exceptions: tuple[str, ...] = ()
    sysctl: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: HardeningEntry) -> DesiredHardening:
        """Return the hardening that an entry describes."""
        return cls(
            parts=tuple(map(Part.of, entry["parts"])),
            firewall=Firewall.of(entry["firewall"]) if entry["firewall"] else None,
            sshd=entry["sshd"],
            ssh_exceptions=tuple(entry["ssh_exceptions"]),
            sysctl=entry["sysctl"],
            services=tuple(entry["services"]),
        )
