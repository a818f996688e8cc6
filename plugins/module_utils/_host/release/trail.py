"""The audit trail of an application on a host: what was done, for whom, and how it ended."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.history import (
    CUT_OFF,
    ObservedHost,
    attempts,
    is_open,
    outcome,
    switches,
    unfinished,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.processes import identity, is_running
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import (
        Attempt,
        CommandRun,
        ReleaseRecord,
    )

RUNNING = "running"
"""The result that readers show of an attempt that goes on."""


class Releases(Protocol):
    """What the trail has to know of an application's releases."""

    def live(self) -> str | None: ...

    def record(self, release: str) -> ReleaseRecord: ...


class Trail:
    """The trail of one application. Lines are only added, by a run that holds the application's lock or held it."""

    def __init__(self, layout: Layout, releases: Releases) -> None:
        self._layout = layout
        self._path = Path(layout.audit)
        self._releases = releases
        self._entry: Attempt = {}  # of the attempt that this run has begun

    @contextmanager
    def attempt(self, entry: Attempt, result: str = "live") -> Iterator[Attempt]:
        """Add a line before the block and one after it, even if the block fails.

        The missing ends of earlier attempts are added first.

        Args:
            entry: the fields of the first line. The block gets them, and may add to them for the second line.
            result: the result in the second line when the block succeeds and sets none. After an error it is `failed`,
                with the reason, and `ended` when the block was cut off.
        """
        self._end_others()
        entry |= {"id": secrets.token_hex(6), "started": time.time()}
        first = entry.copy()
        first.pop("steps", None)
        self._add({**first, "process": identity(os.getpid())})
        outcome = CUT_OFF
        self._entry = entry
        try:
            yield entry
            outcome = entry.get("result", result)
        except (DeployError, OSError) as error:
            outcome = "failed"
            entry["reason"] = error.reason if isinstance(error, DeployError) else str(error)
            raise
        finally:
            if switches(entry):
                entry["serves"] = self._releases.live()
            if self._path.parent.is_dir():  # the removal of an application deletes its trail
                # On a full disk, the reason is more than that it cannot be added; the next run adds the line then.
                with suppress(OSError) if outcome == "failed" else nullcontext():
                    self._add({**entry, "result": outcome, "ended": time.time()})

    def add_commands(self, commands: Sequence[CommandRun]) -> None:
        """Add a line to the attempt of this run with the commands that it has begun, which its last line has, too."""
        self._entry["commands"] = [*commands]
        self._add({"id": self._entry["id"], "commands": self._entry["commands"]})

    def past(self) -> list[Attempt]:
        """Return the attempts, the oldest first: one that was cut off has the result that the next run will add."""
        ends = {attempt["id"]: self._end(attempt) for attempt in self._attempts() if is_open(attempt)}
        # Read again: an attempt that has ended by now added its end before.
        return [_completed(attempt, ends.get(attempt.get("id", ""))) for attempt in self._attempts()]

    def arrival(self, before: str | None, release: str | None) -> Attempt:
        """Return the fields about the target of a release, for the second line of its attempt.

        A run that completes an earlier one has the same release to go back to.
        """
        if release is None or release != before:
            return {"to": release}
        others = [attempt for attempt in self.past() if attempt["result"] != RUNNING]
        if cut_off := unfinished(others, before):
            return {"to": release, "from": cut_off["from"], "finishes": cut_off["id"]}
        return {"to": release}

    def _attempts(self) -> list[Attempt]:
        try:
            return attempts(self._path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return []

    def _end_others(self) -> None:
        for attempt in filter(is_open, self._attempts()):
            if end := self._end(attempt):
                self._add({**attempt, **end})

    def _end(self, attempt: Attempt) -> Attempt | None:
        """Return how an open attempt ended, although no one saw when; None while it goes on."""
        if is_running(attempt["process"]):
            return None
        command = None
        if unit := attempt.get("unit"):
            shown = systemd.show(unit)[0]
            if shown.active:  # its run is gone, but the command goes on
                return None
            command = shown.ending() if shown.failed else None
        live = self._releases.live()
        watched = live is not None and "watched" in self._releases.record(live).get("states", {})
        paused = live is not None and Path(self._layout.pause(live)).exists()
        stopped = Path(self._layout.stopped).exists()
        return {**outcome(attempt, ObservedHost(live, watched, paused, stopped, command)), "ended": None}

    def _add(self, line: Attempt) -> None:
        """Add a line, in one write and to the disk; half a line that a power cut left does not spoil it."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            os.fchmod(descriptor, 0o600)  # it holds the commands that people ran
            size = os.fstat(descriptor).st_size
            torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" * bool(torn) + json.dumps(line, sort_keys=True).encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _completed(attempt: Attempt, end: Attempt | None) -> Attempt:
    """Return an attempt as readers see it: with its end, and without what only the next run needs."""
    if is_open(attempt):
        attempt = {**attempt, **(end or {"result": RUNNING, "ended": None})}
    attempt.pop("process", None)
    attempt.pop("unit", None)
    return attempt
