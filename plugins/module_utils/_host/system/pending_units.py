"""Units that have not applied yet the files that were written for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import STATE

# A file here marks a unit that has not applied the configuration on disk: it is written before the first change, and
# removed after the reload. It survives a run that is killed in between.
PENDING = Path(STATE, "pending")
_RESTART = "restart"  # the text of a mark where a reload is not enough


def is_pending(unit: str) -> bool:
    """Return whether a run ended between changing a unit's files and making the unit apply them."""
    return (PENDING / unit).exists()


def needs_restart(unit: str) -> bool:
    """Return whether pending files of a unit are applied only by a restart."""
    return is_pending(unit) and (PENDING / unit).read_text(encoding="utf-8") == _RESTART


@contextmanager
def pending_reload(unit: str, restart: bool = False) -> Iterator[None]:
    """Mark a unit as pending until the block has made it apply its files.

    Args:
        unit: its name.
        restart: whether a reload is not enough.
    """
    mark_pending(unit, restart)
    yield
    mark_applied(unit)


def mark_pending(unit: str, restart: bool = False) -> None:
    """Mark a unit as pending, until :func:`mark_applied`; see :func:`pending_reload`."""
    PENDING.mkdir(parents=True, exist_ok=True)
    text = _RESTART if restart or needs_restart(unit) else ""
    (PENDING / unit).write_text(text, encoding="utf-8")


def mark_applied(unit: str) -> None:
    """Mark a unit as one that has applied its files."""
    (PENDING / unit).unlink(missing_ok=True)
