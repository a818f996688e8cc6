"""How long nginx keeps connections to an application: the controller writes it, and a host reckons with it."""

from __future__ import annotations

# Bounds for nginx's connections to an application. In seconds: keepalive_time after a switch no request goes over a
# connection to the release before any more, and keepalive_timeout later the last idle one is closed. And the idle ones
# that each process of nginx keeps: with fewer than its visitors come at once it connects anew all the time.
UPSTREAM_KEEPALIVE = {"connections": 256, "time": 3, "timeout": 2}
SETTLED = UPSTREAM_KEEPALIVE["time"] + UPSTREAM_KEEPALIVE["timeout"]
"""Seconds after a switch. A request that begins later goes to the new release."""
