"""The state of this process: whether it serves, and whether it has to end."""

from __future__ import annotations

from pathlib import Path

from .settings import RELEASE, SETTINGS

# Exists from the rename that replaced this release to the end of the unit that drains it.
_MARK = Path("/run/asgi-deploy/draining", f"{SETTINGS['app']}@{RELEASE}")
_stopping = False
_closing = False


def stop() -> None:
    """Record that this process has to end."""
    global _stopping  # a process ends once
    _stopping = True


def close_connections() -> None:
    """Make every answer from now on the last one on its connection."""
    global _closing  # as above
    _closing = True


def closing() -> bool:
    """Return whether answers end their connections; only gunicorn's asgi worker needs the application for that."""
    return _closing


def drained() -> bool:
    """Return whether the unit that drains this release runs; when it stops the release, the time is over."""
    return _MARK.exists()


def draining() -> bool:
    """Return whether the release was replaced, or this process has to end."""
    return _stopping or _MARK.exists()
