"""Sockets and the programs that hold them, read from /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"  # TCP_LISTEN of the kernel's include/net/tcp_states.h


@dataclass(frozen=True)
class Socket:
    """A line of a table of sockets, as the kernel writes it.

    Attributes:
        address: hexadecimal: words of four bytes in the machine's order.
        port: in tables of raw sockets the number of the IP protocol.
        state: two hexadecimal digits.
        inode: its number.
    """

    address: str
    port: int
    state: str
    inode: str


def parse_sockets(text: str) -> list[Socket]:
    """Return the sockets in the text of /proc/net/tcp, udp or raw, or of one of these with a 6; skip cut lines."""
    rows = (line.split() for line in text.splitlines()[1:])
    sockets = []
    for row in rows:
        if len(row) > 9:
            address, port = row[1].rsplit(":", 1)
            sockets.append(Socket(address, int(port, 16), row[3], row[9]))
    return sockets


def parse_tcp_listeners(text: str) -> dict[int, set[str]]:
    """Return the ports with a listener, each with the inodes of its sockets, from the text of /proc/net/tcp or tcp6."""
    listeners: dict[int, set[str]] = {}
    for socket in parse_sockets(text):
        if socket.state == LISTEN:
            listeners.setdefault(socket.port, set()).add(socket.inode)
    return listeners


def port_owners(ports: list[int]) -> dict[int, str]:
    """Return the names of the programs that listen on TCP ports; ports that are free are left out."""
    inodes: dict[str, int] = {}
    for table in ("tcp", "tcp6") if ports else ():
        file = Path("/proc/net", table)
        listeners = parse_tcp_listeners(file.read_text(encoding="ascii")) if file.exists() else {}
        inodes.update({inode: port for port in ports for inode in listeners.get(port, ())})
    owners = dict.fromkeys(inodes.values(), "an unknown program")
    owners.update({inodes[inode]: program for inode, program in socket_holders(inodes).items()})
    return owners


def socket_holders(inodes: Collection[str]) -> dict[str, str]:
    """Return the names of the programs that hold sockets, by inode; the kernel's own sockets have none."""
    return {inode: program for inode, program in _all_socket_holders() if inode in inodes} if inodes else {}


def _all_socket_holders() -> Iterator[tuple[str, str]]:
    """Yield each socket that a process holds, by its inode, and the name of the program."""
    # Paths as text: there are thousands of them.
    for process in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # the process has ended
            program = Path("/proc", process, "comm").read_text(encoding="utf-8", errors="replace").strip()
            folder = f"/proc/{process}/fd"
            for descriptor in os.listdir(folder):
                with contextlib.suppress(OSError):  # the process has closed it
                    target = os.readlink(f"{folder}/{descriptor}")
                    if target.startswith("socket:["):
                        yield target[len("socket:[") : -1], program
