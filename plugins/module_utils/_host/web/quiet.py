"""Finds a moment at which few visitors are connected, for what ends their connections."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import parse_sockets

PORTS = (80, 443)
PAUSE = 0.25  # seconds between two looks
ESTABLISHED = "01"  # TCP_ESTABLISHED of the kernel's include/net/tcp_states.h


def is_quiet(counts: Sequence[int], looks: int) -> bool:
    """Tell whether to take this moment.

    Args:
        counts: visitors connected at each look so far, the last one now.
        looks: how many looks the window has. What is usual is learned in its first third; then the first moment with
            no more than the least of these is taken, and in the end any.
    """
    learned = max(looks // 3, 1)
    return not counts[-1] or len(counts) >= looks or (len(counts) > learned and counts[-1] <= min(counts[:learned]))


def wait_until_quiet(window: float) -> None:
    """Return at a quiet moment, after so many seconds at the latest."""
    looks = int(window / PAUSE) or 1
    counts = [count_connections()]
    while not is_quiet(counts, looks):
        time.sleep(PAUSE)
        counts.append(count_connections())


def count_connections(folder: Path = Path("/proc/net")) -> int:
    """Return how many connections to nginx there are over TCP."""
    tables = [path.read_text(encoding="ascii") for name in ("tcp", "tcp6") if (path := folder / name).exists()]
    sockets = [socket for table in tables for socket in parse_sockets(table)]
    return sum(socket.state == ESTABLISHED and socket.port in PORTS for socket in sockets)
