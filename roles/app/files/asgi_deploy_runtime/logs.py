"""Loggers of server and application, configured from outside: one line for each record, to the journal."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from io import TextIOWrapper
from typing import Any, TextIO

# The id of the request that is being answered: every line logged meanwhile bears it.
request_id: ContextVar[str | None] = ContextVar("asgi_request_id", default=None)

access = logging.getLogger("asgi.access")

# sd-daemon(3): with a priority before each line `journalctl --priority=err` finds what it should.
_TO_JOURNAL = "JOURNAL_STREAM" in os.environ
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


def with_priority(record: logging.LogRecord, text: str) -> str:
    """The lines of a record, each with its priority."""
    if not _TO_JOURNAL:
        return text
    priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
    return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


class Context(logging.Filter):
    """Gives each record the id of its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        if (current := request_id.get()) is not None:
            record.request_id = current
        return True


class TextFormatter(logging.Formatter):
    """`LEVEL logger [request]: message`; the journal has the time."""

    def format(self, record: logging.LogRecord) -> str:
        current = getattr(record, "request_id", None)
        record.request_mark = f" [{current}]" if current else ""
        return with_priority(record, super().format(record))


class Journal(logging.StreamHandler[TextIO]):
    """Standard output, which takes every text: half a character of two, of which UTF-8 has none, is escaped."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        super().__init__(sys.stdout)


def configuration(settings: Mapping[str, Any], release: str) -> dict[str, Any]:
    """For :func:`logging.config.dictConfig`: everything goes to standard output, which is the journal."""
    log = settings["log"]
    formatters: dict[str, dict[str, Any]] = {
        # By its name, as what it needs is installed for this format alone.
        "json": {"()": f"{__package__}.json_lines.Formatter", "service": settings["app"], "release": release},
        "text": {"()": TextFormatter, "fmt": "%(levelname)s %(name)s%(request_mark)s: %(message)s"},
    }
    # The server's loggers come with handlers of their own, or would get some.
    plain = {"handlers": [], "propagate": True, "level": log["level"]}
    servers = ("gunicorn.error", "uvicorn", "uvicorn.error", "uvicorn.asgi")
    # What they say of each request the edge says, too, and with more in it.
    silent = {name: {"handlers": [], "propagate": False} for name in ("gunicorn.access", "uvicorn.access")}
    levels = {name: {"level": level} for name, level in log["levels"].items()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": Context}},
        "formatters": {"line": formatters[log["format"]]},
        "handlers": {"journal": {"()": Journal, "formatter": "line", "filters": ["context"]}},
        "loggers": {**silent, **{name: dict(plain) for name in servers}, "asgi.access": {"level": "INFO"}, **levels},
        "root": {"level": log["level"], "handlers": ["journal"]},
    }
