"""What the applications of these tests have in common."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_REPORTS = Path(os.environ["REPORTS"])
_logger = logging.getLogger("site.cart")


def report(what: str) -> None:
    """Write down that something happened, and in which process."""
    with _REPORTS.open("a", encoding="utf-8") as file:
        file.write(f"{what} {os.getpid()}\n")


def log() -> None:
    """Log a line of each level, one of them with an exception."""
    _logger.debug("looked")
    _logger.info("paid", extra={"order": 7, "colour": "grün"})
    try:
        raise ValueError("no such cart")
    except ValueError:
        _logger.exception("failed\nin two lines")
