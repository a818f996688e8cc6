"""The log of an application on a host, and nginx's lines about its requests, for people to read."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.log_levels import LEVELS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import release_of

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

# Fields in which a record names its unit, as journalctl searches them: of systemd itself, of a program that logs for a
# unit, of a crash, and of all others. Anyone may write the first three; journald itself records who did.
_UNIT_FIELDS = (
    ("UNIT", "_PID", "1"),
    ("OBJECT_SYSTEMD_UNIT", "_UID", "0"),
    ("COREDUMP_UNIT", "_UID", "0"),
    ("_SYSTEMD_UNIT", "", ""),
)
_SECONDS = 120.0  # how long to search records


@dataclass(frozen=True)
class Query:
    """Which lines are requested.

    Attributes:
        lines: at most so many, the last ones; all of them after a cursor.
        since: from when on, in seconds of the epoch.
        request: the id of the only request.
        level: the lowest level, a key of LEVELS.
        access: whether to add nginx's line for each request.
        cursor: the place in the journal after which to begin.
    """

    lines: int
    since: float | None = None
    request: str | None = None
    level: str = "debug"
    access: bool = False
    cursor: str | None = None


@dataclass(frozen=True, order=True)
class Line:
    """One record, in one or more lines of text.

    Attributes:
        at: its time, in seconds of the epoch.
        text: as it is shown.
    """

    at: float
    text: str


@dataclass(frozen=True)
class LogPage:
    """Lines, and where in the journal they end.

    Attributes:
        lines: the oldest first, except from `newest`.
        cursor: the place in the journal; None if it has no record.
    """

    lines: list[Line]
    cursor: str | None


def read(layout: Layout, query: Query) -> LogPage:
    """Return the requested lines, in the order of their times."""
    with journal.records(_patterns(layout), _options(query)) as entries:
        if query.cursor:
            return after(layout, entries, query)
        page = newest(layout, entries, query)
    visits = _access(Path(layout.access_log), query) if query.access or query.request else []
    return LogPage(sorted(page.lines + visits)[-query.lines :], page.cursor)


def newest(layout: Layout, entries: Iterable[Mapping[str, Json]], query: Query) -> LogPage:
    """Return as many lines as are requested, from records with the newest first."""
    lines: list[Line] = []
    cursor = None
    ends = time.monotonic() + _SECONDS
    for entry in entries:
        cursor = cursor or str(entry["__CURSOR"])
        if line := journal_line(layout, entry, query):
            lines.append(line)
        if len(lines) == query.lines or time.monotonic() > ends:
            break
    return LogPage(lines, cursor)


def after(layout: Layout, entries: Iterable[Mapping[str, Json]], query: Query) -> LogPage:
    """Return all lines, from the records after a place in the journal."""
    lines: list[Line] = []
    cursor = query.cursor
    for entry in entries:
        cursor = str(entry["__CURSOR"])
        if line := journal_line(layout, entry, query):
            lines.append(line)
    return LogPage(lines, cursor)


def _patterns(layout: Layout) -> list[str]:
    """Return patterns for all units of the application's releases."""
    return [f"asgi-{layout.app}{part}@*" for part in ("", ".*")]


def _options(query: Query) -> list[str]:
    """Return options by which journalctl filters records itself."""
    options = [f"--since=@{query.since:.3f}"] if query.since else []
    # With the newest first, journalctl ignores a cursor.
    options.append(f"--after-cursor={query.cursor}" if query.cursor else "--reverse")
    if query.request:
        options.append(f"--grep={re.escape(query.request)}")
    return options


def journal_line(layout: Layout, entry: Mapping[str, Json], query: Query) -> Line | None:
    """Return a record of the journal as a line; None if it is not requested."""
    message = journal.message(entry)
    record = journal.runtime_record(message)
    priority = _first(entry, "PRIORITY")
    level, request = int(priority) if re.fullmatch("[0-7]", priority) else LEVELS["info"], ""
    if record:
        request_id = record.get("request_id")
        level, request = (
            LEVELS.get(str(record["level"]).lower(), level),
            request_id if isinstance(request_id, str) else "",
        )
    foreign = query.request and query.request != request and f"[{query.request}]" not in message
    if level > LEVELS[query.level] or foreign:
        return None
    at = int(_first(entry, "__REALTIME_TIMESTAMP")) / 1e6
    tag = f" [{request}]" if request else ""
    return Line(at, f"{_clock(at)} {_where(layout, entry)}{tag} {journal.readable(message)}")


def _where(layout: Layout, entry: Mapping[str, Json]) -> str:
    """Return the release, and which of its units logged; only the release for its service."""
    for field, writer, value in _UNIT_FIELDS:
        unit = _first(entry, field) if not writer or _first(entry, writer) == value else ""
        if re.fullmatch(rf"asgi-{re.escape(layout.app)}(\.[A-Za-z0-9_.-]+)?@[A-Za-z0-9._-]+\.[a-z]+", unit):
            kind = "systemd" if field == "UNIT" else layout.kind(unit)
            return release_of(unit) if kind == "service" else f"{release_of(unit)} {kind}"
    return "systemd"


def _first(entry: Mapping[str, Json], field: str) -> str:
    """Return a field of a record; the first one if a program wrote it several times."""
    value = entry.get(field) or ""
    return str(value[0] if isinstance(value, list) else value)


def _access(path: Path, query: Query) -> list[Line]:
    """Return nginx's lines, also those of the file from before the last rotation."""
    last: deque[Line] = deque(maxlen=query.lines)
    for file in (path.with_name(f"{path.name}.1"), path):
        if file.exists():
            with file.open(encoding="utf-8", errors="replace") as lines:
                last.extend(access_lines(lines, query))
    return list(last)


def access_lines(lines: Iterable[str], query: Query) -> Iterable[Line]:
    """Yield the requested lines of nginx's log."""
    for line in lines:
        if query.request and query.request not in line:
            continue
        try:
            visit = json.loads(line)
            at = datetime.fromisoformat(visit["time"]).timestamp()
            ms = float(visit["seconds"]) * 1000
            text = f"{visit['method']} {visit['uri']} {visit['status']} in {ms:.0f} ms for {visit['client']}"
            request, release = visit["request_id"], visit["release"]
        except (ValueError, KeyError, TypeError, RecursionError):  # half a line, as after a disk was full
            continue
        if (query.since and at < query.since) or (query.request and request != query.request):
            continue
        yield Line(at, f"{_clock(at)} nginx {release} [{request}] {text}")


def _clock(at: float) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))}.{int(at * 1000) % 1000:03d}"
