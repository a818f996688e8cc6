"""A request for a release: what a run asks a host for, and who asks."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Interpreter
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_archive import PythonArchive
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.deployment import Deployment
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.port_move import PortMove
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

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import ReleasePrediction
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import ReleaseResult
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import ReleaseOptions


@dataclasses.dataclass(frozen=True)
class ReleaseRequest:
    """What is requested, and by whom.

    Attributes:
        layout: of the application.
        inputs: what makes the release what it is.
        settings: how it is put live.
        deployment: the run.
        closing: how the cloud's metadata service is closed.
        packages: Debian packages that its build needs.
    """

    layout: Layout
    inputs: ReleaseInputs
    settings: ReleaseSettings
    deployment: Deployment
    closing: Closing
    packages: Sequence[str] = ()

    @classmethod
    def from_options(cls, options: ReleaseOptions) -> ReleaseRequest:
        """Return the request that options describe, which were checked by their spec."""
        layout, entry = Layout(options["name"]), options["desired"]
        closing = Closing.of(entry["metadata"])
        settings = ReleaseSettings(
            gate=Gate(**entry["gate"], host=entry["host_name"]),
            watch=WatchLimits(**entry["watch"]),
            keep=entry["keep"],
            worker_count=entry["worker_count"],
            workers_reason=entry["workers_reason"],
            sandbox=entry["sandbox"],
            plain_transports=entry["plain_transports"],
            known_hosts=bool(entry["source"].get("known_hosts")),
            closing=entry["metadata"],
            exclusive=entry["exclusive"],
        )
        deployment = Deployment(layout, options["by"], options["lock_timeout"], closing)
        inputs = ReleaseInputs.from_entry(entry)
        return cls(layout, inputs, settings, deployment, closing, entry["packages"])

    def release(self, urgent: bool = False, port: PortMove | None = None) -> ReleaseResult:
        """Make the release serve: see :meth:`Deployment.release`."""
        apt.ensure_installed(self.packages)
        builder = ReleaseBuilder(self.layout, self.inputs)
        try:
            result = self.deployment.release(builder, self.settings, urgent, port)
        except DeployError as error:
            raise DeployError("\n".join([*self._first_keys(builder), error.reason]), error.log) from error
        warnings = [*self._first_keys(builder), *self._state_in_memory(result["release"])]
        return {**result, "warnings": [*warnings, *result.get("warnings", [])]}

    def _state_in_memory(self, release: str | None) -> list[str]:
        """Return a message for each distribution that several workers do not suit."""
        # Not above: no inspection needs it.
        from ansible_collections.asgi.deploy.plugins.module_utils._shared import state_in_memory

        found = self.deployment.store.record(release).get("state_in_memory", []) if release else []
        return [f"{self.layout.app}: {text}" for text in state_in_memory.warnings(found, self.settings.worker_count)]

    def _first_keys(self, builder: ReleaseBuilder) -> list[str]:
        """Return a message for each key that was trusted by this run. Later runs report it as part of the source."""
        return [f"{self.layout.app}: {first_use(**key)}" for key in describe_keys(builder.source.trust.new)]

    def predict(self, everything: bool = False) -> ReleasePrediction:
        """Return what :meth:`release` would do; with `everything` all releases are inspected for damage."""
        if self.inputs.source["kind"] == "git" and shutil.which("git", path=PATH) is None:
            return self._predict_first()
        builder = ReleaseBuilder(self.layout, self.inputs)
        store = self.deployment.store
        if describe_stop(self.layout):
            return StoppedRelease(store, builder, self.closing, self.settings).predict()
        prediction = self.deployment.predict(builder, self.settings, everything)
        release = prediction["release"]
        # A key that was seen for the first time must be recorded, and a manifest that is missing.
        noted = (
            release is not None
            and store.has_settings(release, self.settings.to_record())
            and not builder.source.trust.new
            and release not in prediction["unrecorded"]
        )
        return {**prediction, "noted": noted, "stopped": None}

    def _python(self) -> str:
        """Return the Python that the host would fetch, and from where; empty if it has it."""
        archive = PythonArchive.of(self.inputs.python_archive)
        interpreter = Interpreter.requested(self.inputs.python, archive) if archive else None
        return interpreter.archive.pending if interpreter and interpreter.archive else ""

    def _predict_first(self) -> ReleasePrediction:
        """Return what a host without git would do, which no application was ever released to."""
        return {
            "changed": True,
            "release": None,
            "before": None,
            "steps": {},
            "trusted_at_first_use": [],
            "python": self._python(),
            "left": [*STATES],
            "metadata": MetadataRules(self.layout).pending(self.closing),
            "damage": {},
            "loose": [],
            "unrecorded": [],
            "health": "",
            "noted": False,
            "stopped": None,
        }

    def release_unless_stopped(
        self, by: str, lock_timeout: float, urgent: bool = False, port: PortMove | None = None
    ) -> ReleaseResult:
        """Make the release serve; if the application is stopped, do only what needs no release."""
        if describe_stop(self.layout) is None:
            return self.release(urgent, port)
        builder = ReleaseBuilder(self.layout, self.inputs)
        return StoppedRelease(self.deployment.store, builder, self.closing, self.settings).leave(by, lock_timeout)
