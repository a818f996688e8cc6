"""Whether the kernel supports nft; found out without nft, as its package may not be installed yet."""

from __future__ import annotations

import socket
import struct

# Of the kernel's uapi/linux/netlink.h, nfnetlink.h and nf_tables.h; Python's socket has none of them everywhere.
_NETLINK, _NETLINK_NETFILTER = 16, 12
_GET_GENERATION, _REQUEST, _ERROR = (10 << 8) | 16, 1, 2
_SECONDS = 5


def takes_rules() -> bool:
    """Return whether this kernel takes rules from this process.

    The kernel refuses in a container that may not set up its network.
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
