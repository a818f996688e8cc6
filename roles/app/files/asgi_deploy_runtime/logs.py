"""Loggers of the server and the application: each record is a line of the journal."""

from __future__ import annotations

import logging
import os
import sys
from contextvars import ContextVar
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from .settings import Settings

# The id of the request that is being answered; every line that is logged until its end contains it.
request_id: ContextVar[str | None] = ContextVar("asgi_request_id", default=None)

access = logging.getLogger("asgi.access")

# sd-daemon(3): by a priority before each line `journalctl --priority=err` finds errors.
_TO_JOURNAL = "JOURNAL_STREAM" in os.environ
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


def with_priority(record: logging.LogRecord, text: str) -> str:
    """Return the lines of a record, each with its priority."""
    if not _TO_JOURNAL:
        return text
    priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
    return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


class Context(logging.Filter):
    """A filter that adds the id of the request to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if (current := request_id.get()) is not None:
            record.request_id = current
        return True


class TextFormatter(logging.Formatter):
    """A formatter for `LEVEL logger [request]: message`; the journal adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        current = getattr(record, "request_id", None)
        record.request_mark = f" [{current}]" if current else ""
        return with_priority(record, super().format(record))


class Journal(logging.StreamHandler[TextIO]):
    """A handler for standard output that accepts every text: lone surrogates, which UTF-8 lacks, are escaped."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        super().__init__(sys.stdout)


def configuration(settings: Settings, release: str) -> dict[str, Any]:
    """Return the configuration for :func:`logging.config.dictConfig`, with all logs on standard output."""
    log = settings["log"]
    formatters: dict[str, dict[str, Any]] = {
        # By its name, as its requirements are installed only for this format.
        "json": {"()": f"{__package__}.json_lines.Formatter", "service": settings["app"], "release": release},
        "text": {"()": TextFormatter, "fmt": "%(levelname)s %(name)s%(request_mark)s: %(message)s"},
    }
    # The server's loggers have handlers of their own, or would get some.
    plain = {"handlers": [], "propagate": True, "level": log["level"]}
    servers = ("gunicorn.error", "uvicorn", "uvicorn.error", "uvicorn.asgi")
    # The middleware logs each request itself, with more details.
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
