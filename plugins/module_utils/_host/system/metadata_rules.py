"""The rules of nft that keep an application, and what builds it, from the cloud's metadata service.

And from hosts outside of `sandbox.outgoing`, where it has a socket that its unit's lines do not bound: one that systemd
made, and what was accepted by it, counts as that of the unit which made it. They are a table of the application's own,
apart from any firewall. A unit loads them at boot, and another one once a program has deleted all rules.
"""

from __future__ import annotations

import ipaddress
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import nft, systemd, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile, differences
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.metadata_addresses import (
    CLOSED_ADDRESSES,
    METADATA_OPTION,
)

APPLICATION, BUILD, OUTGOING = "application", "build", "outgoing"
"""Names of counters."""
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_BEGINS = "tcp flags & (syn | ack) == syn"  # a connection that this host begins, and no visitor


@dataclass(frozen=True)
class Bounds:
    """Where an application may begin connections by a socket that systemd made, or that was accepted by it."""

    user: int  # the number of the application's user
    ports: tuple[int, ...]  # of such sockets
    networks: tuple[str, ...]


def ruleset(table: str, numbers: Mapping[str, int], ports: tuple[int, ...] = (), bounds: Bounds | None = None) -> str:
    """Return the text for ``nft --file``, which takes it as a whole or not at all.

    Port 53 stays open, as name servers of clouds have such addresses. What begins no connection of the ports passes: it
    answers one, as of a cloud's health checks, which come from such an address.

    Args:
        table: its name.
        numbers: those of the users that they are closed to, by the counter of what is refused.
        ports: those of sockets that systemd made for the application, and which therefore are root's.
        bounds: where connections of the application may lead; without, anywhere.
    """
    families: dict[str, list[str]] = {"ip": [], "ip6": []}
    for address in CLOSED_ADDRESSES:
        families["ip" if ipaddress.ip_address(address).version == 4 else "ip6"].append(address)
    output = [f"{family} daddr {{ {', '.join(some)} }} jump closed" for family, some in families.items()]
    if bounds:
        output += [f"meta skuid 0 tcp sport {port} {_BEGINS} jump bounded" for port in bounds.ports]
        # What was accepted is the application's, and gets another port when it is connected elsewhere.
        output.append(f"meta skuid {bounds.user} {_BEGINS} jump bounded")
    # Protocols by number: the file of names is not on every host.
    closed = [
        *(f"tcp sport {port} tcp flags & (syn | ack) != syn accept" for port in ports),
        *(f"meta skuid 0 tcp sport {port} counter name {APPLICATION} goto refused" for port in ports),
        "meta l4proto { 6, 17 } th dport 53 accept",
        *(f"meta skuid {number} counter name {name} goto refused" for name, number in numbers.items()),
    ]
    # A connection by IPv6 is tried again after any other answer, for a second and more.
    refused = ["meta l4proto 6 reject with tcp reset", "reject"]
    names = [APPLICATION] * bool(ports) + list(numbers) + [OUTGOING] * bool(bounds)
    return (
        "# Written by asgi.deploy, role app, for the numbers that the users have now.\n"
        # Declared, so that it can be deleted: both happen with what follows, in one step.
        f"table inet {table} {{\n}}\ndelete table inet {table}\n\ntable inet {table} {{\n"
        + "".join(f"\tcounter {name} {{\n\t}}\n" for name in dict.fromkeys(names))
        + _chain("refused", refused)
        + _chain("closed", closed)
        + (_chain("bounded", _bounded(bounds)) if bounds else "")
        + _chain("output", ["type filter hook output priority filter; policy accept;", *output])
        + "}\n"
    )


def _bounded(bounds: Bounds) -> list[str]:
    networks = [ipaddress.ip_network(one) for one in (*_LOOPBACK, *bounds.networks)]
    lines = []
    for family, version in (("ip", 4), ("ip6", 6)):
        # nft refuses networks within others.
        some = ipaddress.collapse_addresses(one for one in networks if one.version == version)  # type: ignore[type-var]
        lines.append(f"{family} daddr {{ {', '.join(map(str, some))} }} return")
    return [*lines, f"counter name {OUTGOING} goto refused"]


def _chain(name: str, lines: list[str]) -> str:
    return f"\tchain {name} {{\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n"


@dataclass(frozen=True)
class Closing:
    """Which users the rules of nft keep from the metadata service, and where an application is bounded by them."""

    by_nft: bool = True  # whether by rules at all; without, lines of its units do what they can
    application: bool = True  # not to what builds it only
    ports: tuple[int, ...] = ()  # see ruleset
    outgoing: tuple[str, ...] | None = None  # the networks that these ports, and all else of it, may connect to

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Closing:
        """From :data:`CLOSING_OPTIONS`."""
        outgoing = options.get("outgoing")  # which records of former versions lack
        networks = None if outgoing is None else tuple(outgoing)
        return cls(options["by_nft"], options["application"], tuple(options["ports"]), networks)


class MetadataRules:
    """The rules of one application."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._file = Path(layout.metadata_rules)
        self._starts = Path(UNITS, "sysinit.target.wants", layout.metadata_unit)

    def in_place(self, closing: Closing) -> bool:
        """Return whether the rules are on disk, in the kernel, and there at the next boot; or gone where unwanted."""
        if not closing.by_nft:
            return not self.present()
        try:
            found = differences([self._item(closing)])
        except KeyError:  # a user is not there yet
            return False
        return not found and self._starts.is_symlink() and self.loaded()

    def closes_application(self) -> bool:
        """Return whether the rules on disk are for the application, too, and not only for its builds."""
        try:
            return f"counter {APPLICATION} {{" in self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return False

    def pending(self, closing: Closing) -> str | None:
        """Return what :meth:`ensure` would do, as a word that M(asgi.deploy.release) documents; None for nothing."""
        if self.in_place(closing):
            return None
        if not closing.by_nft:
            return "remove"
        if closing.application is not self.closes_application():
            return "close" if closing.application else "open"
        return "renew" if self.present() else "close_builds"

    def ensure(self, closing: Closing) -> bool:
        """Write the rules and load them, or remove them; return whether that was needed.

        Raises:
            DeployError: nft refuses them; ends with what it said.
        """
        if self.in_place(closing):
            return False
        if not closing.by_nft:
            self.remove()
            return True
        users.ensure_build_user(self._layout)
        self._item(closing).apply()
        systemd.enable(self._layout.metadata_unit)
        systemd.change("reload-or-restart", self._layout.metadata_unit)
        return True

    def _item(self, closing: Closing) -> ManagedFile:
        names = {APPLICATION: self._layout.user} if closing.application else {}
        names[BUILD] = self._layout.build_user
        numbers = {counter: pwd.getpwnam(name).pw_uid for counter, name in names.items()}
        ports = closing.ports if closing.application else ()
        bounds = None
        if closing.outgoing is not None:
            bounds = Bounds(pwd.getpwnam(self._layout.user).pw_uid, closing.ports, closing.outgoing)
        text = ruleset(self._layout.metadata_table, numbers, ports, bounds)
        return ManagedFile(self._file, "file", text.encode(), 0o600, "root", "root")

    def present(self) -> bool:
        """Return whether the application has rules of its own, loaded or not."""
        return self._file.exists()

    def loaded(self) -> bool:
        """Return whether the kernel has the rules as they were loaded."""
        return nft.is_loaded(self._layout.metadata_table, Path(self._layout.metadata_loaded))

    def remove(self) -> None:
        """Remove the rules from disk and from the kernel, before anybody else can have the users' numbers."""
        unit = self._layout.metadata_unit
        self._file.unlink(missing_ok=True)
        if systemd.show(unit)[0].present:
            systemd.disable(unit)
            systemd.stop(unit)
            systemd.reset_failed(unit)
        nft.delete_table(self._layout.metadata_table)

    def count_from_now(self) -> None:
        """Set the counters to zero."""
        if self.present():
            nft.reset_counters(self._layout.metadata_table)

    def refused(self) -> dict[str, int]:
        """Return how many packets were refused since the last release began, or since the rules were loaded."""
        return nft.counters(self._layout.metadata_table) if self.present() else {}

    def told(self) -> list[str]:
        """Return what there is to know of what was refused."""
        return texts(self.refused())


def texts(refused: Mapping[str, int]) -> list[str]:
    """Return what to tell of packets that were refused, by counter."""
    told = []
    if count := refused.get(APPLICATION, 0):
        told.append(
            f"The application asked the cloud's metadata service, which is closed to it: {_packets(count)} refused. "
            f"If it uses the machine's role, write {METADATA_OPTION}."
        )
    if count := refused.get(OUTGOING, 0):
        told.append(
            f"The application tried to reach other hosts than those of sandbox.outgoing by the socket of its visitors: "
            f"{_packets(count)} refused."
        )
    if count := refused.get(BUILD, 0):
        told.append(
            f"What builds its environment asked the cloud's metadata service, which is closed to every build: "
            f"{_packets(count)} refused."
        )
    return told


def _packets(count: int) -> str:
    return "1 packet was" if count == 1 else f"{count} packets were"
