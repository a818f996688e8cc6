"""Tables of nft: whether the kernel has them as they were loaded, and what their counters say."""

from __future__ import annotations

import json
import shutil
import socket
import struct
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, attempt

_SECONDS = 30  # nft waits for the kernel only
# Of the kernel's uapi/linux/netlink.h, nfnetlink.h and nf_tables.h; Python's socket has none of them everywhere.
_NETLINK, _NETLINK_NETFILTER = 16, 12
_GET_GENERATION, _REQUEST, _ERROR = (10 << 8) | 16, 1, 2


def installed() -> bool:
    return bool(shutil.which("nft", path=PATH))


def is_loaded(table: str, listing: Path) -> bool:
    """Return whether the kernel has a table as it was when it was listed into a file, whatever its counters say."""
    if not listing.exists() or not installed():
        return False
    done = attempt(["nft", "--stateless", "--terse", "list", "table", "inet", table], timeout=_SECONDS, reads=True)
    return done.stdout == listing.read_text(encoding="utf-8")


def counters(table: str) -> dict[str, int]:
    """Return how many packets each counter of a table has counted; nothing of a table that is not there."""
    if not installed():
        return {}
    done = attempt(["nft", "--json", "list", "counters", "table", "inet", table], timeout=_SECONDS, reads=True)
    return {} if done.returncode else parse_counters(done.stdout)


def parse_counters(text: str) -> dict[str, int]:
    """Return the packets by counter, from what ``nft --json`` printed."""
    try:
        listed: list[dict[str, Any]] = json.loads(text)["nftables"]
        found = [entry["counter"] for entry in listed if "counter" in entry]
        return {str(one["name"]): int(one["packets"]) for one in found}
    except (ValueError, KeyError, TypeError):
        return {}


def reset_counters(table: str) -> None:
    """Set the counters of a table to zero, if it is there."""
    attempt(["nft", "reset", "counters", "table", "inet", table], timeout=_SECONDS)


def delete_table(table: str) -> None:
    """Delete a table, if it is there."""
    if installed():
        attempt(["nft", f"add table inet {table}; delete table inet {table}"], timeout=_SECONDS)


def is_possible() -> bool:
    """Return whether this kernel takes rules of nft, whose package may not be installed yet.

    A container without the right to set up its network has a kernel that refuses.
    """
    # A header of netlink, and one of nfnetlink: any family, version 0, no resource.
    message = struct.pack("=IHHIIBBH", 20, _GET_GENERATION, _REQUEST, 1, 0, 0, 0, 0)
    try:
        with socket.socket(_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
            kernel.settimeout(_SECONDS)
            kernel.send(message)
            answer = kernel.recv(4096)
    except OSError:
        return False
    return len(answer) >= 6 and struct.unpack_from("=H", answer, 4)[0] != _ERROR
