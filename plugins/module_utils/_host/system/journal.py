"""The journals of a host: lines that say what was done there, and what units have logged.

Units of an application log to a journal of its own. What systemd says of them, and what releases logged that were made
before there was one, is in the host's; so both are read together, in the order of time.
"""

from __future__ import annotations

import json
import syslog
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import start_reading
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_of

_MOST, _SECONDS = 2**23, 60.0  # characters of records that are read for a failure, and for how long
# Of what systemd itself says, by its catalog: that it starts a unit again, and that a process of it has failed.
RESTARTED, EXITED = "5eb03494b6584870a536b337290809b3", "98e322203f7a4ed290d09fe03c09fe15"
_OF_THE_RUNTIME = ("level", "logger", "message")


def log_to_journal(text: str) -> None:
    syslog.openlog("asgi-deploy")
    syslog.syslog(syslog.LOG_INFO, text)


def read(names: Iterable[str], lines: int, since: float = 0) -> str:
    """Return the most telling lines that units logged after `since`, in seconds of the epoch.

    What an application logs breaks nothing: where it cannot be read, the text says so.
    """
    found: list[tuple[str, str]] = []
    size, ends = 0, time.monotonic() + _SECONDS
    try:
        # The newest first, which are kept if there is too much.
        with records(names, ["--lines=1000", "--reverse", f"--since=@{since:.3f}"]) as entries:
            for entry in entries:
                found.append((str(entry.get("_PID")), readable(message(entry))))
                size += len(found[-1][1])
                if size > _MOST or time.monotonic() > ends:
                    break
    except (DeployError, OSError) as error:
        return f"the journal cannot be read: {error}"
    return relevant_lines(found[::-1], lines)


@contextmanager
def records(patterns: Iterable[str], options: Iterable[str]) -> Iterator[Iterator[dict[str, Any]]]:
    """Yield what units logged, for as long as it is read. All units are of one application, or none is."""
    # Without --all a long record, such as a traceback in JSON, would have no text: journalctl(1), --output=json.
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--all", *options]
    argv += journalctl_options(*patterns)
    with start_reading(argv) as lines:
        yield parse_records(lines)


def count_systemd_messages(names: Mapping[str, Iterable[str]], since: float) -> Counter[str]:
    """Return how often systemd said a thing of each unit, by the units that are looked for by each thing.

    Only what the first process of the host wrote counts: others can write the same.
    """
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--output-fields=UNIT", "--lines=1000"]
    for thing, units in names.items():
        argv += ["+", "_PID=1", f"MESSAGE_ID={thing}", *(f"UNIT={unit}" for unit in units)]
    argv.remove("+")  # it is between
    with start_reading([*argv, f"--since=@{since:.3f}"]) as lines:
        return Counter(str(entry.get("UNIT")) for entry in parse_records(lines))


def journalctl_options(*units: str) -> list[str]:
    """Return the options of journalctl by which it shows what these units logged.

    >>> which("asgi-shop@v1-95148f79.service")
    ['--namespace=+asgi-shop', '--unit=asgi-shop@v1-95148f79.service']
    """
    own = sorted({namespace for unit in units if (namespace := journal_of(unit))})
    # A namespace that is not there is no error: then it is the host's alone.
    return [*(f"--namespace=+{namespace}" for namespace in own), *(f"--unit={unit}" for unit in units)]


def parse_records(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield records of the journal as it writes them in JSON; what is none, as of a disk that was full, is left out."""
    for line in lines:
        with suppress(ValueError, RecursionError):
            if isinstance(found := json.loads(line), dict):
                yield found


def relevant_lines(entries: Sequence[tuple[str, str]], lines: int) -> str:
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
    # Bytes, or one of several: who writes to the journal may give a field more than once.
    if isinstance(said, list) and isinstance(said[0], (str, list)):
        said = said[0]
    if isinstance(said, list):
        with suppress(TypeError, ValueError):
            return bytes(said).decode(errors="replace")
    return said if isinstance(said, str) else ""


def runtime_record(text: str) -> dict[str, Any] | None:
    """What the runtime of a release logged as JSON; nothing for anything else."""
    try:
        record = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):  # cut off, or something else in braces
        return None
    if not isinstance(record, dict):
        return None
    # Some frameworks have numbers for levels.
    said = {key: str(value) for key in _OF_THE_RUNTIME if isinstance(value := record.get(key), (str, int, float))}
    return {**record, **said} if len(said) == len(_OF_THE_RUNTIME) else None


def readable(text: str) -> str:
    """A record that the runtime of a release logged as JSON as a person reads it; anything else as it is."""
    record = runtime_record(text)
    if record is None:
        return text
    line = f"{record['level']} {record['logger']}: {record['message']}"
    return "\n".join([line, *(more for key in ("exception", "stack") if isinstance(more := record.get(key), str))])
