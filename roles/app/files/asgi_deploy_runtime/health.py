"""Whether this release still wants traffic."""

from __future__ import annotations

from pathlib import Path

from .settings import RELEASE, SETTINGS

# Exists from the rename on that replaced this release, to the end of the unit that drains it.
_MARK = Path("/run/asgi-deploy/draining", f"{SETTINGS['app']}@{RELEASE}")
_stopping = False
_closing = False


def stop() -> None:
    """This process was told to end."""
    global _stopping  # one process, one end
    _stopping = True


def close_connections() -> None:
    """Every answer from now on is the last one on its connection."""
    global _closing  # as above
    _closing = True


def closing() -> bool:
    """Whether answers end their connections; only gunicorn's asgi worker has to be told by the application."""
    return _closing


def drained() -> bool:
    """Whether the unit that drains this release is at work; when that has the release stopped, its time is over."""
    return _MARK.exists()


def draining() -> bool:
    """Whether the release was replaced, or this process was told to end."""
    return _stopping or _MARK.exists()
