"""The journals of a host: lines that state what was done there, and what units have logged.

Units of an application log to a journal of its own. Messages of systemd about them are in the host's journal, and so is
what older releases logged. So both are read together, in the order of time.
"""

from __future__ import annotations

import json
import syslog
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import start_reading
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_of

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

_MOST, _SECONDS = 2**23, 60.0  # characters of records that are read for a failure, and for how long
# Ids of messages in systemd's catalog: that it restarts a unit, and that a process of a unit has failed.
RESTARTED, EXITED = "5eb03494b6584870a536b337290809b3", "98e322203f7a4ed290d09fe03c09fe15"
_RUNTIME_KEYS = ("level", "logger", "message")


def log_to_journal(text: str) -> None:
    """Write a line to the host's journal, as asgi-deploy."""
    syslog.openlog("asgi-deploy")
    syslog.syslog(syslog.LOG_INFO, text)


def read(names: Iterable[str], lines: int, since: float = 0) -> str:
    """Return the most relevant lines that units logged after `since`, in seconds of the epoch.

    A journal that cannot be read is no error: the text says so.
    """
    messages: list[tuple[str, str]] = []
    size, ends = 0, time.monotonic() + _SECONDS
    try:
        # The newest first, which are kept if there is too much.
        with records(names, ["--lines=1000", "--reverse", f"--since=@{since:.3f}"]) as entries:
            for entry in entries:
                messages.append((str(entry.get("_PID")), readable(message(entry))))
                size += len(messages[-1][1])
                if size > _MOST or time.monotonic() > ends:
                    break
    except (DeployError, OSError) as error:
        return f"the journal cannot be read: {error}"
    return relevant_lines(messages[::-1], lines)


@contextmanager
def records(patterns: Iterable[str], options: Iterable[str]) -> Iterator[Iterator[dict[str, Json]]]:
    """Yield the records of units. All units are of one application, or none is."""
    # Without --all a long record, such as a traceback in JSON, has no text: journalctl(1), --output=json.
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--all", *options]
    argv += journalctl_options(*patterns)
    with start_reading(argv) as lines:
        yield parse_records(lines)


def count_systemd_messages(names: Mapping[str, Iterable[str]], since: float) -> Counter[str]:
    """Return how often systemd logged a message about each unit.

    Only what the first process of the host wrote counts: others can write the same.

    Args:
        names: units, by the id of the message.
        since: seconds of the epoch.
    """
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--output-fields=UNIT", "--lines=1000"]
    for message_id, units in names.items():
        argv += ["+", "_PID=1", f"MESSAGE_ID={message_id}", *(f"UNIT={unit}" for unit in units)]
    argv.remove("+")  # it is between
    with start_reading([*argv, f"--since=@{since:.3f}"]) as lines:
        return Counter(str(entry.get("UNIT")) for entry in parse_records(lines))


def journalctl_options(*units: str) -> list[str]:
    """Return the options of journalctl that show what these units logged.

    >>> journalctl_options("asgi-shop@v1-95148f79.service")
    ['--namespace=+asgi-shop', '--unit=asgi-shop@v1-95148f79.service']
    """
    namespaces = sorted({namespace for unit in units if (namespace := journal_of(unit))})
    # A namespace that does not exist is no error: then only the host's journal is read.
    return [*(f"--namespace=+{namespace}" for namespace in namespaces), *(f"--unit={unit}" for unit in units)]


def parse_records(lines: Iterable[str]) -> Iterator[dict[str, Json]]:
    """Yield records of the journal from lines of JSON; leave out lines that are none, as after a full disk."""
    for line in lines:
        with suppress(ValueError, RecursionError):
            if isinstance(record := json.loads(line), dict):
                yield record


def relevant_lines(entries: Sequence[tuple[str, str]], lines: int) -> str:
    """Return the lines to show of a failure, from pairs of process and message.

    Workers that fail at the same time write into each other's tracebacks. Then the lines of one process explain more
    than the last lines of all.
    """
    failed = next((process for process, message in entries if "Traceback (most recent call last)" in message), None)
    shown = [line for process, message in entries if failed in (None, process) for line in message.split("\n")]
    return "\n".join(shown[-lines:])


def message(entry: Mapping[str, Json]) -> str:
    """Return the message of a record: it is a text there, or a list of bytes where it is not printable."""
    value = entry.get("MESSAGE") or ""
    # Bytes, or one of several values: a program may write a field more than once.
    if isinstance(value, list) and isinstance(value[0], (str, list)):
        value = value[0]
    if isinstance(value, list):
        with suppress(TypeError, ValueError):
            return bytes(map(_byte, value)).decode(errors="replace")
    return value if isinstance(value, str) else ""


def _byte(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError("found no number, expected a byte")
    return value


def runtime_record(text: str) -> dict[str, Json] | None:
    """Return a record that the runtime of a release logged as JSON; None for any other text."""
    try:
        record = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):  # cut off, or something else in braces
        return None
    if not isinstance(record, dict):
        return None
    # Some frameworks use numbers for levels.
    texts = {key: str(value) for key in _RUNTIME_KEYS if isinstance(value := record.get(key), (str, int, float))}
    return {**record, **texts} if len(texts) == len(_RUNTIME_KEYS) else None


def readable(text: str) -> str:
    """Return a record that the runtime of a release logged as JSON, as lines to read; any other text as it is."""
    record = runtime_record(text)
    if record is None:
        return text
    line = f"{record['level']} {record['logger']}: {record['message']}"
    return "\n".join([line, *(more for key in ("exception", "stack") if isinstance(more := record.get(key), str))])
