"""What a run does for the release of an application that is stopped: nothing starts, and the next version waits."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import summarize
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import describe_stop
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing, MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@dataclass(frozen=True)
class StoppedRelease:
    """The release that an application would have if it were not stopped."""

    store: Store
    builder: ReleaseBuilder
    closing: Closing
    settings: ReleaseSettings

    def predict(self) -> dict[str, Any]:
        """Return what :meth:`leave` would do, in the form of :meth:`Order.predict`."""
        waiting, before = self._waiting(), self.store.live()
        metadata = MetadataRules(self.store.layout).pending(self.closing)
        commit = self.store.record(before).get("commit") if before else None
        more: dict[str, Any] = {"before_commit": commit, "left": [], "metadata": metadata, "health": ""}
        more["noted"] = waiting != before or before is None or self._noted(before)
        # Nothing is built while it is stopped, so what is damaged is seen when it is released.
        return {**self._result(bool(metadata), waiting, before), **more, **summarize({}, [])}

    def leave(self, by: str, lock_timeout: float) -> dict[str, Any]:
        """Close the cloud's metadata service, and note the settings by which the release starts; release nothing."""
        with self.store.lock(lock_timeout, by):
            changed = MetadataRules(self.store.layout).ensure(self.closing)
            waiting, before = self._waiting(), self.store.live()
            if before and waiting == before and not self._noted(before):
                self.store.note(before, settings=self.settings.to_record())
            return self._result(changed, waiting, before)

    def _waiting(self) -> str | None:
        """Return the release that is wanted; nothing where its name cannot be known without making it."""
        version = self.builder.inputs.version
        with contextlib.suppress(DeployError, OSError):  # what is wrong is told when it is released
            if identity := self.builder.source.resolve(version, keep=False):
                return self.builder.predict(identity)
        return None

    def _noted(self, release: str) -> bool:
        return bool(self.store.record(release).get("settings") == self.settings.to_record())

    def _result(self, changed: bool, waiting: str | None, before: str | None) -> dict[str, Any]:
        more: dict[str, Any] = {"stopped": describe_stop(self.store.layout), "trusted_at_first_use": []}
        return {"changed": changed, "release": waiting, "before": before, "steps": {}, **more}
