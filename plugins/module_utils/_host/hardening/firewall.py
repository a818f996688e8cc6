"""The host's firewall: what it lets in, as text for nft; who listens, and who would be shut out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import LISTEN, parse_sockets

TABLE = "asgi_firewall"

# Of /proc/net/tcp and udp, see include/net/tcp_states.h of the kernel: a listener of TCP, a socket of UDP without peer.
_STATES = {"tcp": LISTEN, "udp": "07", "ip": "07"}
# What a host asks for by itself: addresses (DHCP), names and neighbours on the local network (mDNS, LLMNR), the time.
_CLIENTS = {("udp", port) for port in (68, 123, 323, 546, 5353, 5355)} | {("tcp", 5355)}
# Protocols beside them that a socket may be of: ICMP and its successor come in, TCP and UDP have ports, and the last is
# for sending alone.
_PROTOCOLS = {("ip", number) for number in (1, 58, 6, 17, 255)}
# Its ports are led to containers before any input chain sees them.
_FORWARDED = ("docker-proxy",)


@dataclass(frozen=True)
class Opening:
    """A port that is open, for everybody or for some networks."""

    port: int
    protocol: str = "tcp"
    allow: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Opening:
        return cls(int(options["port"]), options.get("protocol") or "tcp", tuple(options.get("allow") or ()))


@dataclass(frozen=True)
class Firewall:
    """What comes in. Everything else does not; what the host asks for outside is answered."""

    web: tuple[Opening, ...] = ()  # ports of visitors, whose connections are not tracked
    openings: tuple[Opening, ...] = ()
    ssh_allow: tuple[str, ...] = ()  # networks; none means everybody
    rules: tuple[str, ...] = ()  # of nft's language, for the end of the input chain
    closed: tuple[int, ...] = ()  # ports that are known to be listened on and not to be reached

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Firewall:
        return cls(
            web=tuple(map(Opening.of, options["web"])),
            openings=tuple(map(Opening.of, options["open"])),
            ssh_allow=tuple(options["ssh_allow"]),
            rules=tuple(options["rules"]),
            closed=tuple(options["close"]),
        )


@dataclass(frozen=True)
class Listener:
    """A program that can be reached from outside."""

    protocol: str
    port: int
    inode: str
    program: str = field(default="", compare=False)


def ruleset(firewall: Firewall, ssh_ports: Iterable[int], ephemeral: int) -> str:
    """The text for ``nft --file``, which takes it as a whole or not at all.

    Visitors' connections are not tracked: the kernel's table of connections has an end, and a flood would fill it.

    Args:
        firewall: what comes in.
        ssh_ports: where sshd listens.
        ephemeral: the first of the ports that the kernel gives to clients.
    """
    web = {kind: sorted({one.port for one in firewall.web if one.protocol == kind}) for kind in ("tcp", "udp")}
    into = [f"fib daddr type local {kind} dport {_set(ports)} notrack" for kind, ports in web.items() if ports]
    out = [f"fib saddr type local {kind} sport {_set(ports)} notrack" for kind, ports in web.items() if ports]
    doors = [Opening(port, "tcp", firewall.ssh_allow) for port in sorted(set(ssh_ports))]
    accepted = [
        'iif "lo" accept',
        "ip saddr 127.0.0.0/8 drop",
        "ip6 saddr ::1 drop",
        *(f"{kind} dport {_set(ports)} accept" for kind, ports in web.items() if ports),
        "ct state established,related accept",
        # Of connections that the host itself opened before these rules: nobody has tracked them, and none begins so.
        f"ct state new tcp dport >= {ephemeral} tcp flags & (syn | ack) == ack accept",
        "ct state invalid drop",
        "meta l4proto { 1, 58 } accept",  # ICMP, by number: the file of names is not on every host
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
        *(line for one in (*doors, *firewall.openings) for line in _accept(one)),
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
    return [f"{family} saddr {{ {', '.join(sorted(some))} }} {port}" for family, some in families.items() if some]


def parse_listeners(text: str, protocol: str) -> list[Listener]:
    """Who can be reached from outside, from the text of /proc/net/tcp, tcp6, udp or udp6.

    For `ip`, of raw and raw6, the number of a protocol of its own stands where a port stands.
    """
    return [
        Listener(protocol, socket.port, socket.inode)
        for socket in parse_sockets(text)
        if socket.state == _STATES[protocol] and not _is_loopback(socket.address)
    ]


def _is_loopback(address: str) -> bool:
    """Of an address as the kernel writes it: words of four bytes in the machine's order."""
    data = b"".join(bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8))
    found = ipaddress.ip_address(data)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def blocked_listeners(
    firewall: Firewall, ssh_ports: Iterable[int], listeners: Iterable[Listener], ephemeral: int
) -> list[Listener]:
    """Programs that can be reached now, could not any more, and of which nobody has said that this is meant.

    Args:
        ephemeral: the first of the ports that the kernel gives to clients; a UDP socket above it that a program holds
            is one of a client that waits for an answer.
    """
    known = {(one.protocol, one.port) for one in (*firewall.web, *firewall.openings)}
    known |= {("tcp", port) for port in ssh_ports} | _CLIENTS | _PROTOCOLS
    known |= {(protocol, port) for port in firewall.closed for protocol in ("tcp", "udp")}
    # A rule of the user's own may open it; whether it does, nft alone could tell.
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
    found: dict[tuple[str, int], Listener] = {}
    for one in listeners:
        client = one.protocol == "udp" and one.port >= ephemeral and one.program
        if (one.protocol, one.port) not in known and one.program not in _FORWARDED and not client:
            found.setdefault((one.protocol, one.port), one)
    return list(found.values())


def admits(firewall: Firewall, address: str) -> bool:
    """Whether SSH from an address gets through."""
    client = ipaddress.ip_address(address.partition("%")[0])
    client = getattr(client, "ipv4_mapped", None) or client
    return not firewall.ssh_allow or any(client in ipaddress.ip_network(network) for network in firewall.ssh_allow)
