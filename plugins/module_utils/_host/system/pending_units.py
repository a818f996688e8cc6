"""Units that have yet to take the files that were written for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import STATE

# A file here says that a unit has yet to take the configuration on disk: written before the first change, removed after
# the reload. It survives a run that is killed between the two.
PENDING = Path(STATE, "pending")
_RESTART = "restart"  # its text, where a reload would not do


def is_pending(unit: str) -> bool:
    """Whether a run ended between changing this unit's files and making it take them."""
    return (PENDING / unit).exists()


def needs_restart(unit: str) -> bool:
    """Whether what has yet to be taken is only taken at a start."""
    return is_pending(unit) and (PENDING / unit).read_text(encoding="utf-8") == _RESTART


@contextmanager
def pending_reload(unit: str, restart: bool = False) -> Iterator[None]:
    """Marks a unit as behind its files until the block has made it take them, by a restart if it has to be one."""
    mark_pending(unit, restart)
    yield
    mark_applied(unit)


def mark_pending(unit: str, restart: bool = False) -> None:
    """Marks a unit as behind its files, until :func:`taken`."""
    PENDING.mkdir(parents=True, exist_ok=True)
    text = _RESTART if restart or needs_restart(unit) else ""
    (PENDING / unit).write_text(text, encoding="utf-8")


def mark_applied(unit: str) -> None:
    """A unit goes by its files."""
    (PENDING / unit).unlink(missing_ok=True)
