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
_MOST = 2**24  # bytes of the log for each look


@dataclass(frozen=True)
class WatchLimits:
    """How long to watch, and how many server errors are too many."""

    seconds: float
    error_percent: float
    errors: int

    def exceeded(self, errors: int, of: int) -> bool:
        return errors >= self.errors and errors * 100 > self.error_percent * of

    def __str__(self) -> str:
        return f"more than {self.error_percent:g} percent and at least {self.errors}"


@dataclass(frozen=True)
class WatchVerdict:
    """Why a release must go, and why the one before is no way back all the same."""

    wrong: str
    no_way_back: str = ""


def error_verdict(seen: Tally, limits: WatchLimits) -> str | None:
    """Why these answers condemn a release; nothing when they do not."""
    if limits.exceeded(seen.errors, seen.requests):
        return f"{seen.errors} of {seen.requests} requests ended with a server error, {limits}"
    return None


def question_verdict(questions: Questions, limits: WatchLimits) -> str | None:
    """The same of what the release was asked on its own socket, by the same limits."""
    if limits.exceeded(len(questions.failures), questions.answers):
        return (
            f"{len(questions.failures)} of {questions.answers} questions on its own socket went wrong, {limits}: "
            f"{questions.failures[-1]}"
        )
    return None


def no_way_back(new: Tally, before: Tally, switch: Switch, limits: WatchLimits) -> str:
    """Why the release before does not do better than the new one; nothing when it does, or that is not known."""
    if not (limits.exceeded(before.bad, before.requests) and before.worse_than(new)):
        return ""
    return (
        f"{switch.before} did worse in the minute before the switch, so there is no way back to it: {before.bad} of "
        f"{before.requests} requests ended with a server error or without an answer"
    )


class AccessLog:
    """What is added to an access log from now on, and what was there before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = self._began = path.stat().st_size if path.exists() else 0
        self._file = self._first = path.stat().st_ino if path.exists() else None
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

    def lines_before(self) -> list[str]:
        """The last lines that were there before; none where the log was rotated since."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_ino != self._first:
                    return []
                file.seek(start := max(0, self._began - _MOST))
                return file.read(self._began - start).decode(errors="replace").split("\n")
        except OSError:
            return []


def watch(
    log: AccessLog, switch: Switch, limits: WatchLimits, broken: Callable[[], str | None], ask: Ask
) -> WatchVerdict | None:
    """Watches a release for `limits.seconds`; gives why it must go, or nothing.

    Where nginx got no answer and either release may have been asked, it watches so long from the moment on at which all
    requests go to the new one, and asks that itself.

    Args:
        log: the access log, as it was before the switch.
        switch: to the release.
        limits: how many errors are too many.
        broken: tells that a service has gone down.
        ask: asks the release on its own socket.
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
                left = min(SETTLED, switch.settled - time.time())  # bounded, as somebody may set the clock
                deadline = max(deadline, time.monotonic() + left + limits.seconds)
                questions = questions or Questions(ask)
            if questions:
                questions.next()
            if down := broken():
                return WatchVerdict(down)
            if wrong := error_verdict(new, limits) or (question_verdict(questions, limits) if questions else None):
                for visit in visits(log.lines_before()):
                    if switch.of_before(visit):
                        before.add(visit)
                return WatchVerdict(wrong, no_way_back(_tally(new, questions), before, switch, limits))
            if time.monotonic() >= deadline:
                return None
            time.sleep(min(_INTERVAL, max(0.0, deadline - time.monotonic())))
    finally:
        if questions:
            questions.close()


def _tally(new: Tally, questions: Questions | None) -> Tally:
    """What a release gave to visitors, or to questions where it did worse."""
    asked = Tally(questions.answers, len(questions.failures)) if questions else Tally()
    return asked if asked.worse_than(new) else new
