"""Waits for a moment at which few visitors are connected, for actions that end their connections."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import parse_sockets

PORTS = (80, 443)
PAUSE = 0.25  # seconds between two counts
ESTABLISHED = "01"  # TCP_ESTABLISHED of the kernel's include/net/tcp_states.h


def is_quiet(counts: Sequence[int], most: int) -> bool:
    """Return whether this moment is quiet enough.

    Args:
        counts: how many visitors were connected at each count so far; the last one is that of now.
        most: how many counts the window has. Its first third shows what is usual; then the first moment with no more
            visitors than the least of these is quiet enough, and at the end any moment is.
    """
    learned = max(most // 3, 1)
    return not counts[-1] or len(counts) >= most or (len(counts) > learned and counts[-1] <= min(counts[:learned]))


def wait_until_quiet(window: float) -> None:
    """Wait for a quiet moment, for so many seconds at most."""
    most = int(window / PAUSE) or 1
    counts = [count_connections()]
    while not is_quiet(counts, most):
        time.sleep(PAUSE)
        counts.append(count_connections())


def count_connections(folder: Path = Path("/proc/net")) -> int:
    """Return how many TCP connections to nginx are established."""
    tables = [path.read_text(encoding="ascii") for name in ("tcp", "tcp6") if (path := folder / name).exists()]
    sockets = [socket for table in tables for socket in parse_sockets(table)]
    return sum(socket.state == ESTABLISHED and socket.port in PORTS for socket in sockets)
