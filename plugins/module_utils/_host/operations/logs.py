"""What an application logged on a host, and what nginx wrote of its requests, as a person reads it."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.log_levels import LEVELS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import release_of

# Where a record names its unit, as journalctl looks for it: of systemd itself, of who logs on behalf of a unit, of what
# has crashed, and of all others. Anybody may write the first three; journald itself says who did.
_OF_A_UNIT = (
    ("UNIT", "_PID", "1"),
    ("OBJECT_SYSTEMD_UNIT", "_UID", "0"),
    ("COREDUMP_UNIT", "_UID", "0"),
    ("_SYSTEMD_UNIT", "", ""),
)
_SECONDS = 120.0  # that records are looked through for those that are wanted


@dataclass(frozen=True)
class Query:
    """Which lines are wanted."""

    lines: int  # at most so many, the last ones; after a place in the journal, all
    since: float | None = None  # seconds of the epoch
    request: str | None = None  # the id of one request
    level: str = "debug"  # and above: a key of LEVELS
    access: bool = False  # also nginx's line for each request
    cursor: str | None = None  # after this place in the journal


@dataclass(frozen=True, order=True)
class Line:
    """One record, in one or more lines of text."""

    at: float
    text: str


@dataclass(frozen=True)
class LogPage:
    """What was found, and where in the journal it ends."""

    lines: list[Line]
    cursor: str | None


def read(layout: Layout, query: Query) -> LogPage:
    """The lines, in the order of their times."""
    with journal.records(_patterns(layout), _options(query)) as entries:
        if query.cursor:
            return after(layout, entries, query)
        found = newest(layout, entries, query)
    visits = _access(Path(layout.access_log), query) if query.access or query.request else []
    return LogPage(sorted(found.lines + visits)[-query.lines :], found.cursor)


def newest(layout: Layout, entries: Iterable[Mapping[str, Any]], query: Query) -> LogPage:
    """As many as are wanted, from records of which the newest comes first."""
    lines: list[Line] = []
    cursor = None
    ends = time.monotonic() + _SECONDS
    for entry in entries:
        cursor = cursor or entry["__CURSOR"]
        if line := of_journal(layout, entry, query):
            lines.append(line)
        if len(lines) == query.lines or time.monotonic() > ends:
            break
    return LogPage(lines, cursor)


def after(layout: Layout, entries: Iterable[Mapping[str, Any]], query: Query) -> LogPage:
    """All, from the records after a place in the journal."""
    lines: list[Line] = []
    cursor = query.cursor
    for entry in entries:
        cursor = entry["__CURSOR"]
        if line := of_journal(layout, entry, query):
            lines.append(line)
    return LogPage(lines, cursor)


def _patterns(layout: Layout) -> list[str]:
    """Of all units of the application's releases."""
    return [f"asgi-{layout.app}{part}@*" for part in ("", ".*")]


def _options(query: Query) -> list[str]:
    """What journalctl can leave out itself."""
    options = [f"--since=@{query.since:.3f}"] if query.since else []
    # Newest first, journalctl makes nothing of a cursor.
    options.append(f"--after-cursor={query.cursor}" if query.cursor else "--reverse")
    if query.request:
        options.append(f"--grep={re.escape(query.request)}")
    return options


def of_journal(layout: Layout, entry: Mapping[str, Any], query: Query) -> Line | None:
    """A record of the journal; nothing for one that is not wanted."""
    said = journal.message(entry)
    record = journal.runtime_record(said)
    priority = _one(entry, "PRIORITY")
    level, request = int(priority) if re.fullmatch("[0-7]", priority) else LEVELS["info"], ""
    if record:
        given = record.get("request_id")
        level, request = LEVELS.get(record["level"].lower(), level), given if isinstance(given, str) else ""
    if level > LEVELS[query.level] or (query.request and query.request != request and f"[{query.request}]" not in said):
        return None
    at = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
    return Line(
        at, f"{_clock(at)} {_where(layout, entry)}{f' [{request}]' if request else ''} {journal.readable(said)}"
    )


def _where(layout: Layout, entry: Mapping[str, Any]) -> str:
    """The release, and what of it logged; only the release for its service."""
    for field, writer, who in _OF_A_UNIT:
        unit = _one(entry, field) if not writer or _one(entry, writer) == who else ""
        if re.fullmatch(rf"asgi-{re.escape(layout.app)}(\.[A-Za-z0-9_.-]+)?@[A-Za-z0-9._-]+\.[a-z]+", unit):
            kind = "systemd" if field == "UNIT" else layout.kind(unit)
            return release_of(unit) if kind == "service" else f"{release_of(unit)} {kind}"
    return "systemd"


def _one(entry: Mapping[str, Any], field: str) -> str:
    """A field of a record; whoever writes to the journal may give one several times."""
    found = entry.get(field) or ""
    return str(found[0] if isinstance(found, list) else found)


def _access(path: Path, query: Query) -> list[Line]:
    """nginx's lines; also those of the file before, which a rotation has just put aside."""
    wanted: deque[Line] = deque(maxlen=query.lines)
    for file in (path.with_name(f"{path.name}.1"), path):
        if file.exists():
            with file.open(encoding="utf-8", errors="replace") as lines:
                wanted.extend(of_access_log(lines, query))
    return list(wanted)


def of_access_log(lines: Iterable[str], query: Query) -> Iterable[Line]:
    """The lines of nginx's log that are wanted."""
    for line in lines:
        if query.request and query.request not in line:
            continue
        try:
            told = json.loads(line)
            at = datetime.fromisoformat(told["time"]).timestamp()
            ms = float(told["seconds"]) * 1000
            text = f"{told['method']} {told['uri']} {told['status']} in {ms:.0f} ms for {told['client']}"
            request, release = told["request_id"], told["release"]
        except (ValueError, KeyError, TypeError, RecursionError):  # half a line, as of a disk that was full
            continue
        if (query.since and at < query.since) or (query.request and request != query.request):
            continue
        yield Line(at, f"{_clock(at)} nginx {release} [{request}] {text}")


def _clock(at: float) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))}.{int(at * 1000) % 1000:03d}"
