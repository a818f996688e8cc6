"""The firewall of a host: what it lets in, as text for nft, and which programs it would block."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import LISTEN, parse_sockets

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FirewallEntry, OpeningEntry

TABLE = "asgi_firewall"

# States in /proc/net/tcp and udp, as in include/net/tcp_states.h of the kernel: a listener of TCP, a socket of UDP
# without a peer.
_STATES = {"tcp": LISTEN, "udp": "07", "ip": "07"}
# Clients that a host runs by itself: for addresses (DHCP), for names and neighbours (mDNS, LLMNR), and for the time.
_CLIENTS = {("udp", port) for port in (68, 123, 323, 546, 5353, 5355)} | {("tcp", 5355)}
# Further protocols of sockets that are no reason for a message: ICMP and ICMPv6 are let in, TCP and UDP have ports, and
# the last one only sends.
_PROTOCOLS = {("ip", number) for number in (1, 58, 6, 17, 255)}
# The ports of these programs are forwarded to containers before any input chain sees them.
_FORWARDED = ("docker-proxy",)


@dataclass(frozen=True)
class Opening:
    """A port that is open, for everyone or for some networks.

    Attributes:
        port: its number.
        protocol: tcp or udp.
        allow: networks that may connect; everyone where it is empty.
    """

    port: int
    protocol: str = "tcp"
    allow: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: OpeningEntry) -> Opening:
        """Return the opening that an entry describes."""
        return cls(int(entry["port"]), entry.get("protocol") or "tcp", tuple(entry.get("allow") or ()))


@dataclass(frozen=True)
class Firewall:
    """What is let in. Everything else is not; answers to connections of the host are.

    Attributes:
        web: ports of visitors, whose connections are not tracked.
        openings: further ports.
        ssh_allow: networks that may reach sshd; everyone where it is empty.
        rules: lines of nft's language, for the end of the input chain.
        closed: ports that programs listen on and no one outside is to reach.
    """

    web: tuple[Opening, ...] = ()
    openings: tuple[Opening, ...] = ()
    ssh_allow: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    closed: tuple[int, ...] = ()

    @classmethod
    def of(cls, entry: FirewallEntry) -> Firewall:
        """Return the firewall that an entry describes."""
        return cls(
            web=tuple(map(Opening.of, entry["web"])),
            openings=tuple(map(Opening.of, entry["open"])),
            ssh_allow=tuple(entry["ssh_allow"]),
            rules=tuple(entry["rules"]),
            closed=tuple(entry["close"]),
        )


@dataclass(frozen=True)
class Listener:
    """A program that is reachable from outside.

    Attributes:
        protocol: tcp, udp, or ip for a raw socket.
        port: its number; of a raw socket that of the IP protocol.
        inode: of its socket.
        program: its name; empty if it is not known.
    """

    protocol: str
    port: int
    inode: str
    program: str = field(default="", compare=False)


def ruleset(firewall: Firewall, ssh_ports: Iterable[int], ephemeral: int) -> str:
    """Return the text for ``nft --file``, which takes it as a whole or not at all.

    Visitors' connections are not tracked: the kernel's table of connections is limited, and a flood would fill it.

    Args:
        firewall: what is let in.
        ssh_ports: the ports where sshd listens.
        ephemeral: the first of the ports that the kernel gives to clients.
    """
    web = {
        kind: sorted({opening.port for opening in firewall.web if opening.protocol == kind}) for kind in ("tcp", "udp")
    }
    into = [f"fib daddr type local {kind} dport {_set(ports)} notrack" for kind, ports in web.items() if ports]
    out = [f"fib saddr type local {kind} sport {_set(ports)} notrack" for kind, ports in web.items() if ports]
    ssh = [Opening(port, "tcp", firewall.ssh_allow) for port in sorted(set(ssh_ports))]
    accepted = [
        'iif "lo" accept',
        "ip saddr 127.0.0.0/8 drop",
        "ip6 saddr ::1 drop",
        *(f"{kind} dport {_set(ports)} accept" for kind, ports in web.items() if ports),
        "ct state established,related accept",
        # Connections that the host itself opened before these rules, which were not tracked; no new one begins so.
        f"ct state new tcp dport >= {ephemeral} tcp flags & (syn | ack) == ack accept",
        "ct state invalid drop",
        "meta l4proto { 1, 58 } accept",  # ICMP, by number: the file of names is not on every host
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
        *(line for opening in (*ssh, *firewall.openings) for line in _accept(opening)),
        *firewall.rules,
    ]
    chains = {
        "untracked_in": ("prerouting priority raw; policy accept", into),
        "untracked_out": ("output priority raw; policy accept", out),
        "input": ("input priority filter; policy drop", accepted),
    }
    text = "".join(_chain(name, hook, lines) for name, (hook, lines) in chains.items() if lines)
    # Declared, so that it can be deleted: both happen with what follows, in one step.
    return (
        "# Written by asgi.deploy, role hardening, for the ports that sshd and the applications have now.\n"
        f"table inet {TABLE} {{\n}}\ndelete table inet {TABLE}\n\ntable inet {TABLE} {{\n{text}}}\n"
    )


def _chain(name: str, hook: str, lines: Iterable[str]) -> str:
    body = "".join(f"\t\t{line}\n" for line in lines)
    return f"\tchain {name} {{\n\t\ttype filter hook {hook};\n{body}\t}}\n"


def _set(ports: Sequence[int]) -> str:
    return f"{{ {', '.join(map(str, ports))} }}"


def _accept(opening: Opening) -> list[str]:
    port = f"{opening.protocol} dport {opening.port} accept"
    if not opening.allow:
        return [port]
    families: dict[str, list[str]] = {"ip": [], "ip6": []}
    for network in map(ipaddress.ip_network, opening.allow):
        families["ip" if network.version == 4 else "ip6"].append(str(network))
    return [
        f"{family} saddr {{ {', '.join(sorted(networks))} }} {port}"
        for family, networks in families.items()
        if networks
    ]


def parse_listeners(text: str, protocol: str) -> list[Listener]:
    """Return the listeners that are reachable from outside, from the text of a table of sockets.

    Args:
        text: of /proc/net/tcp, udp or raw, or of one of these with a 6.
        protocol: tcp, udp, or ip for raw sockets, whose port is the number of their IP protocol.
    """
    return [
        Listener(protocol, socket.port, socket.inode)
        for socket in parse_sockets(text)
        if socket.state == _STATES[protocol] and not _is_loopback(socket.address)
    ]


def _is_loopback(address: str) -> bool:
    """Return whether an address is local; it is written in words of four bytes in the machine's order."""
    data = b"".join(bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8))
    parsed = ipaddress.ip_address(data)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def blocked_listeners(
    firewall: Firewall, ssh_ports: Iterable[int], listeners: Iterable[Listener], ephemeral: int
) -> list[Listener]:
    """Return programs that are reachable now and would not be any more, unless an option says that this is meant.

    Args:
        firewall: what is let in.
        ssh_ports: the ports where sshd listens.
        listeners: the programs that are reachable now.
        ephemeral: the first of the ports that the kernel gives to clients; a UDP socket above it that a program holds
            is one of a client that waits for an answer.
    """
    known = {(opening.protocol, opening.port) for opening in (*firewall.web, *firewall.openings)}
    known |= {("tcp", port) for port in ssh_ports} | _CLIENTS | _PROTOCOLS
    known |= {(protocol, port) for port in firewall.closed for protocol in ("tcp", "udp")}
    # A rule of the user may open it; only nft could decide whether it does.
    known |= {
        (match[1], int(port))
        for rule in firewall.rules
        for match in re.finditer(r"\b(tcp|udp) dport (?:\{([^}]*)\}|(\d+))", rule)
        for port in re.findall(r"\d+", match[2] or match[3])
    }
    known |= {
        ("ip", int(number))
        for rule in firewall.rules
        for match in re.finditer(r"\b(?:l4proto|ip protocol|ip6 nexthdr) (?:\{([^}]*)\}|(\d+))", rule)
        for number in re.findall(r"\d+", match[1] or match[2])
    }
    blocked: dict[tuple[str, int], Listener] = {}
    for listener in listeners:
        address = (listener.protocol, listener.port)
        client = listener.protocol == "udp" and listener.port >= ephemeral and listener.program
        if address not in known and listener.program not in _FORWARDED and not client:
            blocked.setdefault(address, listener)
    return list(blocked.values())


def admits(firewall: Firewall, address: str) -> bool:
    """Return whether the firewall lets SSH from an address in."""
    client = ipaddress.ip_address(address.partition("%")[0])
    client = getattr(client, "ipv4_mapped", None) or client
    return not firewall.ssh_allow or any(client in ipaddress.ip_network(network) for network in firewall.ssh_allow)
