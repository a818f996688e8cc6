"""The rules of nft that keep an application, and what builds it, from the cloud's metadata service.

They also keep it from hosts outside of `sandbox.outgoing`, where the lines of its unit do not restrict a socket: the
kernel counts a socket that systemd made, and connections accepted from it, as those of the unit that made it. The rules
are a table of the application's own, apart from any firewall. A unit loads them at boot, and another unit loads them
again once a program has deleted all rules.
"""

from __future__ import annotations

import ipaddress
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import nft, systemd, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile, differences
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.metadata_addresses import (
    CLOSED_ADDRESSES,
    METADATA_OPTION,
)

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import ClosingEntry

APPLICATION, BUILD, OUTGOING = "application", "build", "outgoing"
"""Names of the counters of refused packets."""
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_BEGINS = "tcp flags & (syn | ack) == syn"  # a connection that this host opens, and no visitor


@dataclass(frozen=True)
class Bounds:
    """Where an application may connect to by a socket that systemd made, or by a connection accepted from it.

    Attributes:
        user: the number of the application's user.
        ports: TCP ports of such sockets.
        networks: where connections may lead.
    """

    user: int
    ports: tuple[int, ...]
    networks: tuple[str, ...]


def ruleset(table: str, numbers: Mapping[str, int], ports: tuple[int, ...] = (), bounds: Bounds | None = None) -> str:
    """Return the text for ``nft --file``, which takes it as a whole or not at all.

    Port 53 stays open, as name servers of clouds have such addresses. Packets from the ports that open no connection
    pass: they answer one, such as a cloud's health check, which comes from such an address.

    Args:
        table: its name.
        numbers: numbers of the users that the addresses are closed to, by the counter of what is refused.
        ports: TCP ports of sockets that systemd made for the application, and that therefore belong to root.
        bounds: where connections of the application may lead; None for anywhere.
    """
    families: dict[str, list[str]] = {"ip": [], "ip6": []}
    for address in CLOSED_ADDRESSES:
        families["ip" if ipaddress.ip_address(address).version == 4 else "ip6"].append(address)
    output = [f"{family} daddr {{ {', '.join(addresses)} }} jump closed" for family, addresses in families.items()]
    if bounds:
        output += [f"meta skuid 0 tcp sport {port} {_BEGINS} jump bounded" for port in bounds.ports]
        # An accepted socket is the application's, and gets another port when it is connected elsewhere.
        output.append(f"meta skuid {bounds.user} {_BEGINS} jump bounded")
    # Protocols by number: the file of names is not on every host.
    closed = [
        *(f"tcp sport {port} tcp flags & (syn | ack) != syn accept" for port in ports),
        *(f"meta skuid 0 tcp sport {port} counter name {APPLICATION} goto refused" for port in ports),
        "meta l4proto { 6, 17 } th dport 53 accept",
        *(f"meta skuid {number} counter name {name} goto refused" for name, number in numbers.items()),
    ]
    # After any other answer a client tries a connection by IPv6 again, for a second and more.
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
    networks = [ipaddress.ip_network(network) for network in (*_LOOPBACK, *bounds.networks)]
    lines = []
    for family, version in (("ip", 4), ("ip6", 6)):
        # nft refuses networks within others.
        same = (network for network in networks if network.version == version)
        collapsed = ipaddress.collapse_addresses(same)  # type: ignore[type-var]
        lines.append(f"{family} daddr {{ {', '.join(map(str, collapsed))} }} return")
    return [*lines, f"counter name {OUTGOING} goto refused"]


def _chain(name: str, lines: list[str]) -> str:
    return f"\tchain {name} {{\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n"


@dataclass(frozen=True)
class Closing:
    """Which users the rules of nft keep from the metadata service, and where they restrict an application.

    Attributes:
        by_nft: whether rules of nft are used; if not, lines of units do what they can.
        application: whether the service is closed to the application, and not only to its build.
        ports: see :func:`ruleset`.
        outgoing: networks that these ports, and everything else of the application, may connect to; None for all.
    """

    by_nft: bool = True
    application: bool = True
    ports: tuple[int, ...] = ()
    outgoing: tuple[str, ...] | None = None

    @classmethod
    def of(cls, options: ClosingEntry) -> Closing:
        """Return what to close, from :data:`CLOSING_OPTIONS`."""
        outgoing = options.get("outgoing")  # which records of older versions lack
        networks = None if outgoing is None else tuple(outgoing)
        return cls(options["by_nft"], options["application"], tuple(options["ports"]), networks)


class MetadataRules:
    """The rules of one application."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._file = Path(layout.metadata_rules)
        self._starts = Path(UNITS, "sysinit.target.wants", layout.metadata_unit)

    def in_place(self, closing: Closing) -> bool:
        """Return whether the rules are on disk, in the kernel, and enabled at boot, or absent if none are desired."""
        if not closing.by_nft:
            return not self.present()
        try:
            drift = differences([self._rules_file(closing)])
        except KeyError:  # a user does not exist yet
            return False
        return not drift and self._starts.is_symlink() and self.loaded()

    def closes_application(self) -> bool:
        """Return whether the rules on disk are for the application as well, and not only for its builds."""
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
            DeployError: nft refuses them; ends with what it printed.
        """
        if self.in_place(closing):
            return False
        if not closing.by_nft:
            self.remove()
            return True
        users.ensure_build_user(self._layout)
        self._rules_file(closing).apply()
        systemd.enable(self._layout.metadata_unit)
        systemd.change("reload-or-restart", self._layout.metadata_unit)
        return True

    def _rules_file(self, closing: Closing) -> ManagedFile:
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
        """Remove the rules from disk and from the kernel, before another user can get the users' numbers."""
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

    def summary(self) -> list[str]:
        """Return what was refused, as texts."""
        return describe_refused(self.refused())


def describe_refused(refused: Mapping[str, int]) -> list[str]:
    """Return a text for each counter of refused packets that is not zero."""
    texts = []
    if count := refused.get(APPLICATION, 0):
        texts.append(
            f"The application asked the cloud's metadata service, which is closed to it: {_packets(count)} refused. "
            f"If it uses the machine's role, write {METADATA_OPTION}."
        )
    if count := refused.get(OUTGOING, 0):
        texts.append(
            f"The application tried to reach other hosts than those of sandbox.outgoing by the socket of its visitors: "
            f"{_packets(count)} refused."
        )
    if count := refused.get(BUILD, 0):
        texts.append(
            f"What builds its environment asked the cloud's metadata service, which is closed to every build: "
            f"{_packets(count)} refused."
        )
    return texts


def _packets(count: int) -> str:
    return "1 packet was" if count == 1 else f"{count} packets were"
