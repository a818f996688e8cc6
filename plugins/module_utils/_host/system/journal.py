"""The journal of a host: lines that say what was done there, and what units have logged."""

from __future__ import annotations

import json
import syslog
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import attempt, start_reading


def note(text: str) -> None:
    syslog.openlog("asgi-deploy")
    syslog.syslog(syslog.LOG_INFO, text)


def read(names: Iterable[str], lines: int, since: float = 0) -> str:
    """Return the most telling lines that units logged after `since`, in seconds of the epoch."""
    # Without --all a long record, such as a traceback in JSON, would have no text: journalctl(1), --output=json.
    argv = ["journalctl", "--no-pager", "--output=json", "--all", "--lines=1000", f"--since=@{since:.3f}"]
    text = attempt([*argv, *(f"--unit={name}" for name in names)]).stdout
    # Not splitlines: that ends lines at other signs as well, such as U+2028 in what somebody pasted and it was logged.
    return telling([(str(one.get("_PID")), readable(message(one))) for one in parsed(text.split("\n"))], lines)


@contextmanager
def records(patterns: Iterable[str], options: Iterable[str]) -> Iterator[Iterator[dict[str, Any]]]:
    """What units logged, for as long as somebody reads it."""
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--all", *options]
    argv += [f"--unit={pattern}" for pattern in patterns]
    with start_reading(argv) as lines:
        yield parsed(lines)


def parsed(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Records of the journal as it writes them in JSON; what is none, as of a disk that was full, is left out."""
    for line in lines:
        with suppress(ValueError):
            yield json.loads(line)


def telling(entries: Sequence[tuple[str, str]], lines: int) -> str:
    """The lines to show of a failure, from pairs of process and message.

    Several workers that fail at once write into each other's tracebacks; then one process's own lines say more than the
    last ones of all.
    """
    failed = next((process for process, message in entries if "Traceback (most recent call last)" in message), None)
    own = [line for process, message in entries if failed in (None, process) for line in message.split("\n")]
    return "\n".join(own[-lines:])


def message(entry: Mapping[str, Any]) -> str:
    """What a record of the journal says: it is text, or a list of bytes where it is not printable."""
    said = entry.get("MESSAGE") or ""
    if isinstance(said, str):
        return said
    # Bytes, or one of several: who writes to the journal may give a field more than once.
    return str(said[0]) if isinstance(said[0], (str, list)) else bytes(said).decode(errors="replace")


def record_of(text: str) -> dict[str, Any] | None:
    """What the runtime of a release logged as JSON; nothing for anything else."""
    try:
        record = json.loads(text) if text.startswith("{") else None
    except ValueError:  # cut off, or something else in braces
        return None
    return record if isinstance(record, dict) and {"level", "logger", "message"} <= set(record) else None


def readable(text: str) -> str:
    """A record that the runtime of a release logged as JSON as a person reads it; anything else as it is."""
    record = record_of(text)
    if record is None:
        return text
    line = f"{record['level']} {record['logger']}: {record['message']}"
    return "\n".join([line, *(str(record[key]) for key in ("exception", "stack") if record.get(key))])
