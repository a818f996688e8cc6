"""Who listens and who is connected, read from /proc."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

_LISTEN = "0A"  # TCP_LISTEN of the kernel's include/net/tcp_states.h
_PEERS = ("02", "03")  # waiting to be accepted, and accepted: SS_CONNECTING and SS_CONNECTED of uapi/linux/net.h


def parse_tcp_listeners(text: str) -> dict[int, set[str]]:
    """Ports that are listened on, each with the inodes of its sockets, from the text of /proc/net/tcp or tcp6."""
    listeners: dict[int, set[str]] = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            listeners.setdefault(int(fields[1].rsplit(":", 1)[1], 16), set()).add(fields[9])
    return listeners


def parse_unix_peers(text: str, path: str) -> list[str]:
    """The inodes of the connections that are open to the unix socket at `path`, from the text of /proc/net/unix.

    The listener's end of a connection bears its path, accepted or not; the other end bears none.
    """
    rows = (line.split(None, 7) for line in text.splitlines()[1:])
    return [row[6] for row in rows if len(row) == 8 and row[5] in _PEERS and row[7] == path]


def peer_inodes(path: str) -> list[str]:
    return parse_unix_peers(Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace"), path)


def port_owners(ports: list[int]) -> dict[int, str]:
    """The names of the programs that listen on TCP ports; ports that are free are left out."""
    inodes: dict[str, int] = {}
    for table in ("tcp", "tcp6"):
        file = Path("/proc/net", table)
        listeners = parse_tcp_listeners(file.read_text(encoding="ascii")) if file.exists() else {}
        inodes.update({inode: port for port in ports for inode in listeners.get(port, ())})
    owners = dict.fromkeys(inodes.values(), "an unknown program")
    if inodes:
        owners.update({inodes[inode]: program for inode, program in _socket_holders() if inode in inodes})
    return owners


def _socket_holders() -> Iterator[tuple[str, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process ended while we looked
            program = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):  # or closed this one
                    if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor)):
                        yield found[1], program
