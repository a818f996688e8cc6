"""A release as it is ordered: the options of it, which two modules share, and what they come to on this host."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.deployment import Deployment
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import summarize
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import STATES
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopped_release import StoppedRelease
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import describe_stop
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import describe_keys
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing, MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import first_use
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@dataclasses.dataclass(frozen=True)
class ReleaseRequest:
    """What is asked for, and by whom."""

    layout: Layout
    inputs: ReleaseInputs
    settings: ReleaseSettings
    deployment: Deployment
    closing: Closing
    packages: Sequence[str] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ReleaseRequest:
        """From :data:`RELEASE_OPTIONS`."""
        layout, wanted = Layout(options["name"]), options["wanted"]
        closing = Closing.of(wanted["metadata"])
        return cls(
            layout,
            ReleaseInputs(**{field.name: wanted[field.name] for field in dataclasses.fields(ReleaseInputs)}),
            ReleaseSettings(
                Gate(**wanted["gate"], host=wanted["host_name"]),
                WatchLimits(**wanted["watch"]),
                wanted["keep"],
                wanted["worker_count"],
                wanted["workers_reason"],
                wanted["sandbox"],
                wanted["plain_transports"],
                bool(wanted["source"].get("known_hosts")),
                wanted["metadata"],
            ),
            Deployment(layout, options["by"], options["lock_timeout"], closing),
            closing,
            wanted["packages"],
        )

    def release(self, urgent: bool = False) -> dict[str, Any]:
        """Makes it serve: see :meth:`Deployment.release`."""
        apt.ensure_installed(self.packages)
        builder = ReleaseBuilder(self.layout, self.inputs)
        try:
            result = self.deployment.release(builder, self.settings, urgent)
        except DeployError as error:
            raise DeployError("\n".join([*self._first_keys(builder), error.reason]), error.log) from error
        return {**result, "warnings": [*self._first_keys(builder), *result.get("warnings", [])]}

    def _first_keys(self, builder: ReleaseBuilder) -> list[str]:
        """Return what to say of keys that were trusted now: once, as they are in what is said of the release later."""
        return [f"{self.layout.app}: {first_use(**key)}" for key in describe_keys(builder.source.trust.new)]

    def predict(self, everything: bool = False) -> dict[str, Any]:
        """What that would do, with `noted`: whether the host goes by the same settings already. Changes nothing.

        With `everything` all releases are inspected for damage.
        """
        if self.inputs.source["kind"] == "git" and shutil.which("git", path=PATH) is None:
            # A host that was never deployed to: git itself would be installed first.
            metadata = MetadataRules(self.layout).pending(self.closing)
            nothing: dict[str, Any] = {"steps": {}, "trusted_at_first_use": [], "left": [*STATES], "metadata": metadata}
            nothing |= {**summarize({}, []), "health": ""}
            return {"changed": True, "release": None, "before": None, **nothing, "noted": False, "stopped": None}
        builder = ReleaseBuilder(self.layout, self.inputs)
        if describe_stop(self.layout):
            return StoppedRelease(self.deployment.store, builder, self.closing, self.settings).predict()
        found = self.deployment.predict(builder, self.settings, everything)
        kept = self.deployment.store.record(found["release"]).get("settings") if found["release"] else None
        # A key that is seen for the first time has to be written down, and what a release consists of.
        noted = kept == self.settings.to_record() and not builder.source.trust.new
        return {**found, "noted": noted and found["release"] not in found["unrecorded"], "stopped": None}

    def release_unless_stopped(self, by: str, lock_timeout: float, urgent: bool = False) -> dict[str, Any]:
        """Make it serve, or where the application is stopped only do what needs no release."""
        if describe_stop(self.layout) is None:
            return self.release(urgent)
        builder = ReleaseBuilder(self.layout, self.inputs)
        return StoppedRelease(self.deployment.store, builder, self.closing, self.settings).leave(by, lock_timeout)
