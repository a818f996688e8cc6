"""How long nginx keeps connections to an application: the controller writes it, and a host calculates with it."""

from __future__ import annotations

from typing import TypedDict


class Keepalive(TypedDict):
    """Limits of nginx's connections to an application.

    Attributes:
        connections: idle ones that each process of nginx keeps; with too few it connects again all the time.
        time: seconds that a connection is used; so long after a switch requests may go to the former release.
        timeout: seconds that a connection may be idle.
    """

    connections: int
    time: int
    timeout: int


UPSTREAM_KEEPALIVE: Keepalive = {"connections": 256, "time": 3, "timeout": 2}
SETTLED = UPSTREAM_KEEPALIVE["time"] + UPSTREAM_KEEPALIVE["timeout"]
"""Seconds after a switch. A request that begins later goes to the new release."""
