"""The watch window: what visitors get from a release in its first seconds."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_INTERVAL = 0.5
_MOST = 2**24  # bytes of the log for each look


@dataclass(frozen=True)
class Watch:
    """How long to watch, and how many server errors are too many."""

    seconds: float
    error_percent: float
    errors: int


def statuses(lines: Iterable[str], release: str) -> list[int]:
    """The HTTP statuses of a release, and of nginx where nobody answered, in lines of the access log.

    For a moment the release before still answers; its errors are not the new one's. A line that is cut off or foreign
    is passed over.
    """
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
            # Static files are nginx's own: they tell nothing of a release.
            if entry.get("release", "") in ("", release) and entry.get("upstream") != "":
                found.append(int(entry["status"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def verdict(seen: list[int], limits: Watch) -> str | None:
    """Why these answers condemn a release; nothing when they do not."""
    errors = sum(status >= 500 for status in seen)
    if errors >= limits.errors and errors * 100 > limits.error_percent * len(seen):
        return (
            f"{errors} of {len(seen)} requests ended with a server error, "
            f"more than {limits.error_percent:g} percent and at least {limits.errors}"
        )
    return None


class AccessLog:
    """What is added to an access log from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._file = path.stat().st_ino if path.exists() else None
        self._rest = ""

    def new_lines(self) -> list[str]:
        """Whole lines since the last look; one that is still being written waits for the next."""
        try:
            with self._path.open("rb") as file:
                if (number := os.fstat(file.fileno()).st_ino) != self._file:  # the first request, or rotated
                    self._file, self._offset = number, 0
                file.seek(self._offset)
                data = file.read(_MOST)  # of a flood the rest is for the next look
        except OSError:  # no request yet, or rotated just now
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data.decode(errors="replace")).split("\n")
        return lines


def watch(log: AccessLog, release: str, limits: Watch, broken: Callable[[], str | None]) -> str | None:
    """Watches a release for `limits.seconds`; gives why the release must go, or nothing."""
    deadline = time.monotonic() + limits.seconds
    seen: list[int] = []
    while True:
        seen += statuses(log.new_lines(), release)
        wrong = broken() or verdict(seen, limits)
        if wrong or time.monotonic() >= deadline:
            return wrong
        time.sleep(min(_INTERVAL, max(0.0, deadline - time.monotonic())))
