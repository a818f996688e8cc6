"""Requests of both kinds of applications: their ids, answers of the runtime, and the access log."""

from __future__ import annotations

import json
import re
import uuid

from .logs import access

# The same rule as in nginx: other texts that a visitor claims to be an id could forge lines of logs.
_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
# Characters in a path that a visitor wrote: they would begin new lines, and control the terminal of a reader.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LOOPBACK = ("127.0.0.1", "::1")


def valid_id(claimed: str) -> str:
    """Return the claimed id if it is valid, or a new one."""
    return claimed if _ID.fullmatch(claimed) else uuid.uuid4().hex


def is_event_stream(content_type: str) -> bool:
    """Return whether an answer is a stream of events, as the browser's EventSource reads it."""
    return content_type.partition(";")[0].strip().lower() == "text/event-stream"


def status_body(status: str) -> bytes:
    """Return the body of an answer of the runtime."""
    return json.dumps({"status": status}).encode() + b"\n"


def log(method: str, path: str, status: int | None, seconds: float, client: str | None, agent: str) -> None:
    """Write a line of the access log.

    Args:
        method: of the request.
        path: as the visitor wrote it.
        status: of the answer; None without one.
        seconds: to the end of the answer.
        client: its address; None if it is not known.
        agent: its User-Agent.
    """
    access.info(
        "%s %s %s in %.1f ms for %s",
        method,
        _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), path),
        status or "-",
        seconds * 1000,
        client or "-",
        extra={
            "method": method,
            "path": path,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "client": client,
            "agent": agent,
        },
    )
