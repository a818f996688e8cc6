"""Whether this release still wants traffic."""

from __future__ import annotations

from pathlib import Path

from .settings import RELEASE, SETTINGS

# Exists while the unit that drains this release is at work.
_MARK = Path("/run/asgi-deploy/draining", f"{SETTINGS['app']}@{RELEASE}")
_stopping = False


def stop() -> None:
    """This process was told to end."""
    global _stopping  # one process, one end
    _stopping = True


def draining() -> bool:
    """Whether the release was replaced, or this process was told to end."""
    return _stopping or _MARK.exists()
