"""The public listener of the application without nginx, restarted by tests."""

from __future__ import annotations

from tests.lab import Host

_UNITS = ("asgi-open.public.socket", "asgi-open.public.service")


def restart(host: Host, *units: str) -> None:
    """Restart units and then the listener, also right after another test did: systemd refuses the sixth in 10 s."""
    host.run(f"systemctl reset-failed {' '.join((*units, *_UNITS))}")
    host.run(f"systemctl restart {' '.join((*units, _UNITS[0]))}")
