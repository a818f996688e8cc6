"""The watch window: what visitors get from a release in its first seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.questions import Ask, Questions
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.visits import Switch, Tally, visits
from ansible_collections.asgi.deploy.plugins.module_utils._shared.kept_connections import SETTLED

_INTERVAL = 0.5
_MAX_BYTES = 2**24  # of the log that are read at once


@dataclass(frozen=True)
class WatchLimits:
    """How long to watch, and how many server errors are too many.

    Attributes:
        seconds: how long; 0 does not watch.
        error_percent: the share of requests that may fail.
        errors: with fewer failed requests than this the share does not count.
    """

    seconds: float
    error_percent: float
    errors: int

    def exceeded(self, errors: int, of: int) -> bool:
        """Return whether so many errors among so many requests are too many."""
        return errors >= self.errors and errors * 100 > self.error_percent * of

    def __str__(self) -> str:
        return f"more than {self.error_percent:g} percent and at least {self.errors}"


@dataclass(frozen=True)
class WatchVerdict:
    """The reason to roll back a release.

    Attributes:
        failure: the reason.
        no_way_back: why the previous release does no better; empty if it may.
    """

    failure: str
    no_way_back: str = ""


def error_verdict(tally: Tally, limits: WatchLimits) -> str | None:
    """Return why a release with these answers must be rolled back; None if it may stay."""
    if limits.exceeded(tally.errors, tally.requests):
        return f"{tally.errors} of {tally.requests} requests ended with a server error, {limits}"
    return None


def question_verdict(questions: Questions, limits: WatchLimits) -> str | None:
    """Return the same for requests to the socket of the release, by the same limits."""
    if limits.exceeded(len(questions.failures), questions.answers):
        return (
            f"{len(questions.failures)} of {questions.answers} requests to its own socket failed, {limits}: "
            f"{questions.failures[-1]}"
        )
    return None


def no_way_back(new: Tally, before: Tally, switch: Switch, limits: WatchLimits) -> str:
    """Return why the previous release does no better than the new one; empty if it does, or if that is not known."""
    if not (limits.exceeded(before.failed, before.requests) and before.worse_than(new)):
        return ""
    return (
        f"{switch.before} did worse in the minute before the switch, so there is no way back to it: {before.failed} of "
        f"{before.requests} requests ended with a server error or without an answer"
    )


class AccessLog:
    """An access log: what is added to it from now on, and what was there before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = self._began = path.stat().st_size if path.exists() else 0
        self._file = self._first = path.stat().st_ino if path.exists() else None
        self._rest = ""

    def new_lines(self) -> list[str]:
        """Return the complete lines since the last call; half a line waits for the next call."""
        try:
            with self._path.open("rb") as file:
                if (number := os.fstat(file.fileno()).st_ino) != self._file:  # the first request, or rotated
                    self._file, self._offset = number, 0
                file.seek(self._offset)
                data = file.read(_MAX_BYTES)  # the rest of a flood is for the next call
        except OSError:  # no request yet, or rotated just now
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data.decode(errors="replace")).split("\n")
        return lines

    def lines_before(self) -> list[str]:
        """Return the last lines that were there before; none if the log was rotated since."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_ino != self._first:
                    return []
                file.seek(start := max(0, self._began - _MAX_BYTES))
                return file.read(self._began - start).decode(errors="replace").split("\n")
        except OSError:
            return []


def watch(
    log: AccessLog, switch: Switch, limits: WatchLimits, broken: Callable[[], str | None], ask: Ask
) -> WatchVerdict | None:
    """Watch a release for `limits.seconds`; return why it must be rolled back, or None.

    If nginx got no answer and may have asked either release, the time begins when all requests go to the new one, and
    the watch sends it requests of its own.

    Args:
        log: the access log, as it was before the switch.
        switch: to the release.
        limits: how many errors are too many.
        broken: returns which service has ended, or None.
        ask: sends a request to the socket of the release.
    """
    deadline = time.monotonic() + limits.seconds
    new, before = Tally(), Tally()
    questions: Questions | None = None
    try:
        while True:
            unclear = False
            for visit in visits(log.new_lines()):
                if switch.of_new(visit):
                    new.add(visit)
                elif switch.of_before(visit):
                    before.add(visit)
                unclear = unclear or switch.unclear(visit)
            if unclear:
                left = min(SETTLED, switch.settled - time.time())  # bounded, since someone may set the clock
                deadline = max(deadline, time.monotonic() + left + limits.seconds)
                questions = questions or Questions(ask)
            if questions:
                questions.next()
            if down := broken():
                return WatchVerdict(down)
            if failure := error_verdict(new, limits) or (question_verdict(questions, limits) if questions else None):
                for visit in visits(log.lines_before()):
                    if switch.of_before(visit):
                        before.add(visit)
                return WatchVerdict(failure, no_way_back(_tally(new, questions), before, switch, limits))
            if time.monotonic() >= deadline:
                return None
            time.sleep(min(_INTERVAL, max(0.0, deadline - time.monotonic())))
    finally:
        if questions:
            questions.close()


def _tally(new: Tally, questions: Questions | None) -> Tally:
    """Return the answers of a release to visitors, or to requests of the watch if those failed more often."""
    asked = Tally(questions.answers, len(questions.failures)) if questions else Tally()
    return asked if asked.worse_than(new) else new
