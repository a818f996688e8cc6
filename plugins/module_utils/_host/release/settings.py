"""How a release is put live; kept in its record, so that going back to it needs no inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits


@dataclass(frozen=True)
class ReleaseSettings:
    """What a new release must show before and after it goes live, and how many are kept."""

    gate: Gate
    watch: WatchLimits
    keep: int
    worker_count: int = 0
    workers_reason: str = ""  # why it is that number, for who asks
    sandbox: Mapping[str, Any] = field(default_factory=dict)  # what differs from every application's, for who asks
    plain_transports: Sequence[str] = field(default_factory=list)  # what comes over them, for status
    known_hosts: bool = False  # whether only keys that the entry has are trusted
    closing: Mapping[str, Any] | None = None  # of the cloud's metadata service, where that was noted

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ReleaseSettings:
        """The settings in a release's record."""
        kept = dict(record["settings"])
        return cls(Gate(**kept.pop("gate")), WatchLimits(**kept.pop("watch")), **kept)

    def unwatched(self) -> ReleaseSettings:
        """The same, but that nothing is watched."""
        return replace(self, watch=replace(self.watch, seconds=0))
