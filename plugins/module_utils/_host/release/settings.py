"""How a release is put live: recorded with it, so that a rollback to it needs no inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import (
        ReleaseRecord,
        SettingsDetails,
        SettingsRecord,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import ClosingEntry


@dataclass(frozen=True)
class ReleaseSettings:
    """What a release must show before and after it goes live, and what status shows of it.

    Attributes:
        gate: what it must answer before.
        watch: how it is watched after.
        keep: how many releases stay on the host.
        worker_count: how many workers it runs.
        workers_reason: why it runs that many.
        sandbox: options of the sandbox that differ from their defaults.
        plain_transports: what is fetched without encryption.
        known_hosts: whether only the keys that the inventory lists are trusted.
        closing: how the cloud's metadata service is closed; None in records of older versions.
        exclusive: whether its server must not run at the same time as that of another release.
    """

    gate: Gate
    watch: WatchLimits
    keep: int
    worker_count: int = 0
    workers_reason: str = ""
    sandbox: Mapping[str, Json] = field(default_factory=dict)
    plain_transports: Sequence[str] = field(default_factory=list)
    known_hosts: bool = False
    closing: ClosingEntry | None = None
    exclusive: bool = False

    @classmethod
    def from_record(cls, record: ReleaseRecord) -> ReleaseSettings:
        """Return the settings in the record of a release."""
        recorded = record["settings"]
        details = {key: value for key, value in recorded.items() if key not in ("gate", "watch", "keep")}
        return cls(
            Gate(**recorded["gate"]),
            WatchLimits(**recorded["watch"]),
            recorded["keep"],
            **cast("SettingsDetails", details),
        )

    def to_record(self) -> SettingsRecord:
        """Return the settings as they are recorded."""
        record = cast("SettingsRecord", asdict(self))
        if not self.exclusive:  # as in records from before the option existed
            del record["exclusive"]
        return record

    def unwatched(self) -> ReleaseSettings:
        """Return the same settings with the watch switched off."""
        return replace(self, watch=replace(self.watch, seconds=0))
