"""The audit trail of an application on a host: who had what done, and what became of it."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

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

RUNNING = "running"
"""The result that readers show of an attempt that goes on."""
_PRIVATE = ("process", "unit")  # by which an attempt that was cut off is known, and what its command runs in


class Releases(Protocol):
    """What the trail has to know of an application's releases."""

    def live(self) -> str | None: ...

    def record(self, release: str) -> dict[str, Any]: ...


class Trail:
    """The trail of one application. Lines are only added, by whoever holds the application's lock, or held it."""

    def __init__(self, layout: Layout, releases: Releases) -> None:
        self._layout = layout
        self._path = Path(layout.audit)
        self._releases = releases

    @contextmanager
    def attempt(self, result: str, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Add a line before the block and one after it, whatever becomes of it, and first the ends that are missing.

        Args:
            result: the result in the second line when the block succeeds and sets none. It is `failed`, with the
                reason, after an error, and `ended` when the block was cut off.
            entry: further fields; the block gets them, and may add to them for the second line.
        """
        self._end_others()
        entry |= {"id": secrets.token_hex(6), "started": time.time()}
        first = {key: value for key, value in entry.items() if key != "steps"}
        self._add({**first, "process": identity(os.getpid())})
        outcome = CUT_OFF
        try:
            yield entry
            outcome = entry.get("result", result)
        except (DeployError, OSError) as error:
            outcome = "failed"
            entry["reason"] = getattr(error, "reason", str(error))
            raise
        finally:
            if switches(entry):
                entry["serves"] = self._releases.live()
            if self._path.parent.is_dir():  # its removal takes the trail along
                self._add({**entry, "result": outcome, "ended": time.time()})

    def past(self) -> list[dict[str, Any]]:
        """Return the attempts, the oldest first: of one that was cut off with the result that the next run adds."""
        ends = {attempt["id"]: self._end(attempt) for attempt in self._attempts() if is_open(attempt)}
        # Read again: one that has ended by now has added its end before.
        return [self._told(attempt, ends.get(attempt.get("id"))) for attempt in self._attempts()]

    def arrival(self, before: str | None, release: str | None) -> dict[str, Any]:
        """Return what the second line of a release says of where it leads, once that is known.

        The run that brings to its end what another one has put live replaces what served before that.
        """
        if release is None or release != before:
            return {"to": release}
        others = [attempt for attempt in self.past() if attempt["result"] != RUNNING]
        cut_off = unfinished(others, before)
        return {"to": release, **({"from": cut_off["from"], "finishes": cut_off["id"]} if cut_off else {})}

    def _attempts(self) -> list[dict[str, Any]]:
        try:
            return attempts(self._path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return []

    def _told(self, attempt: dict[str, Any], end: Mapping[str, Any] | None) -> dict[str, Any]:
        if is_open(attempt):
            attempt = {**attempt, **(end or {"result": RUNNING, "ended": None})}
        return {key: value for key, value in attempt.items() if key not in _PRIVATE}

    def _end_others(self) -> None:
        for attempt in filter(is_open, self._attempts()):
            if end := self._end(attempt):
                self._add({**attempt, **end})

    def _end(self, attempt: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return how an open attempt ended, of which nobody saw when; None while it goes on."""
        if is_running(attempt["process"]):
            return None
        command = None
        if unit := attempt.get("unit"):
            shown = systemd.show(unit)[0]
            if shown.active:  # its run is gone, and what it began is not
                return None
            command = shown.ending() if shown.failed else None
        live = self._releases.live()
        watched = live is not None and "watched" in self._releases.record(live).get("states", {})
        paused = live is not None and Path(self._layout.pause(live)).exists()
        stopped = Path(self._layout.stopped).exists()
        return {**outcome(attempt, ObservedHost(live, watched, paused, stopped, command)), "ended": None}

    def _add(self, line: Mapping[str, Any]) -> None:
        """Add a line, in one write and to the disk: what a power cut left of another one does not spoil it."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            os.fchmod(descriptor, 0o600)  # it holds what people ran
            size = os.fstat(descriptor).st_size
            torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" * bool(torn) + json.dumps(line, sort_keys=True).encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
