"""What a run does for the release of an application that is stopped: nothing starts, and the next version waits."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import describe_stop
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing, MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import ReleasePrediction
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import ReleaseResult


@dataclass(frozen=True)
class StoppedRelease:
    """The release that an application would have if it were not stopped.

    Attributes:
        store: the releases of the application.
        builder: what makes the release.
        closing: how the cloud's metadata service is closed.
        settings: how the release is put live.
    """

    store: Store
    builder: ReleaseBuilder
    closing: Closing
    settings: ReleaseSettings

    def predict(self) -> ReleasePrediction:
        """Return what :meth:`leave` would do, in the form of :meth:`ReleaseRequest.predict`."""
        waiting, before = self._waiting(), self.store.live()
        metadata = MetadataRules(self.store.layout).pending(self.closing)
        return {
            "changed": bool(metadata),
            "release": waiting,
            "before": before,
            "steps": {},
            "stopped": describe_stop(self.store.layout),
            "trusted_at_first_use": [],
            # Nothing is built while it is stopped, so damage is inspected when it is released.
            "damage": {},
            "loose": [],
            "unrecorded": [],
            "before_commit": self.store.record(before).get("commit") if before else None,
            "dependencies": self.store.record(before).get("requirements", "") if before else "",
            "python": "",
            "state_in_memory": self.store.record(before).get("state_in_memory", []) if before else [],
            "left": [],
            "metadata": metadata,
            "health": "",
            "noted": waiting != before or before is None or self.store.has_settings(before, self.settings.to_record()),
        }

    def leave(self, by: str, lock_timeout: float) -> ReleaseResult:
        """Close the cloud's metadata service, and record the settings by which the release starts; release nothing."""
        with self.store.lock(lock_timeout, by):
            changed = MetadataRules(self.store.layout).ensure(self.closing)
            waiting, before = self._waiting(), self.store.live()
            if before and waiting == before:
                self.store.note_settings(before, self.settings.to_record())
            return {
                "changed": changed,
                "release": waiting,
                "before": before,
                "steps": {},
                "stopped": describe_stop(self.store.layout),
                "trusted_at_first_use": [],
            }

    def _waiting(self) -> str | None:
        """Return the release that is requested; None if its name cannot be known without making it."""
        version = self.builder.inputs.version
        with contextlib.suppress(DeployError, OSError):  # an error is reported when it is released
            if identity := self.builder.source.resolve(version, keep=False):
                return self.builder.predict(identity)
        return None
