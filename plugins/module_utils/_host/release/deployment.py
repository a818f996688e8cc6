"""Putting a release live: start, gate, switch, watch, drain, prune.

Every step can be repeated: a run that ended at any point is completed by the next one. Until the switch the release
that serves is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release import observation
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits, find_loaded
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.history import UNCHANGED
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import (
    Instance,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.metadata_closing import as_live, restore
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.port_move import PortMove
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.pruning import find_surplus
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.release_steps import ReleaseSteps
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import (
    STATES,
    ObservedState,
    remaining_steps,
    without_reached,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.unit_checks import check_units
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.way_back import choose_rollback
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing, MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import ReleasePrediction
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import (
        ReleaseResult,
        RollbackOutcome,
        SourceResult,
    )

Shown = Mapping[str, systemd.Unit]


class Deployment:
    """One run on one application."""

    def __init__(self, layout: Layout, by: str, lock_timeout: float, closing: Closing | None = None) -> None:
        """Prepare a run.

        Args:
            layout: of the application.
            by: who began the run, for the audit trail.
            lock_timeout: seconds to wait for the end of another run.
            closing: how a release begins by closing the cloud's metadata service.
        """
        self.layout = layout
        self.store = Store(layout)
        self._by = by
        self._lock_timeout = lock_timeout
        self._closing = closing or Closing()
        self._rules = MetadataRules(layout)
        self._steps = ReleaseSteps(self.store, self._rules)

    def predict(
        self, builder: ReleaseBuilder, settings: ReleaseSettings, everything: bool = False
    ) -> ReleasePrediction:
        """Return what :meth:`release` would do; with `everything` all releases are inspected for damage."""
        check_units(builder.inputs.units)
        if identity := builder.source.resolve(builder.inputs.version, keep=False):
            builder.source.verify(builder.inputs.version, identity, fetch=False)
        release = builder.predict(identity) if identity else None
        before = self.store.live()
        same = release == before
        shown = self._show(before, builder if same else None) if before else {}
        left = self._remaining(release, builder, settings, shown if same else None) if release else STATES
        metadata = self._rules.pending(self._closing)
        doubt = observation.observe(self.store, before, observation.BRIEFLY, shown).doubt if before else ""
        damage, source = builder.inspect(release, everything), builder.describe_source(identity)
        return {
            "changed": bool(left or metadata),
            "release": release,
            "before": before,
            "steps": dict(self._steps.seconds),
            "source": source["source"],
            "commit": source["commit"],
            "trusted_at_first_use": source["trusted_at_first_use"],
            "damage": damage["damage"],
            "loose": damage["loose"],
            "unrecorded": damage["unrecorded"],
            "before_commit": self.store.record(before).get("commit") if before else None,
            "dependencies": self.store.record(before).get("requirements", "") if before else "",
            "python": builder.describe_python(),
            "state_in_memory": self.store.record(before).get("state_in_memory", []) if before else [],
            "left": list(left),
            "metadata": metadata,
            "health": doubt,
        }

    def release(
        self, builder: ReleaseBuilder, settings: ReleaseSettings, urgent: bool = False, port: PortMove | None = None
    ) -> ReleaseResult:
        """Make the release of a builder's inputs serve; without a watch if it is urgent or moves its port.

        Raises:
            DeployError: it failed; the release from before still serves.
        """
        version = builder.inputs.version
        with self.store.lock(self._lock_timeout, self._by):
            before = self.store.live()
            refuse_held(self.layout, before)
            details: Attempt = {"version": version, "urgent": True} if urgent else {"version": version}
            with self._audited(before, None, details) as entry, as_live(self._rules, self.store):
                closed = self._rules.ensure(self._closing)
                # Resolved under the lock: a run that waited must not put an older commit over a newer one.
                with self._steps.measured("resolved"):
                    identity = builder.source.resolve(version)
                    if identity:
                        builder.source.verify(version, identity, fetch=True)
                    release = builder.identify(identity) if identity else None
                entry |= self.store.trail.arrival(before, release)
                left = self._remaining(release, builder, settings) if release else STATES
                if release and not left:
                    self.store.note_settings(release, settings.to_record())
                    warnings = [*builder.settle(release), *observation.health_warnings(self.store, release)]
                    entry["result"] = UNCHANGED
                    return self._result(closed, release, before, warnings, builder.describe_source(identity))
                looped = observation.restart_loop(self.layout, release) if release and release == before else ""
                self._rules.count_from_now()
                check_units(builder.inputs.units)
                if release is None or "prepared" in left:
                    release, identity = self._prepare(builder, identity, before)
                    entry["to"] = release
                    left = without_reached(left, self.store.record(release))
                self.store.note_settings(release, settings.to_record())
                self._steps.take(release, left, before, settings.unwatched() if urgent or port else settings, port)
                doubts = observation.health_warnings(self.store, release, looped)
            warnings = [*self._rules.summary(), *builder.settle(release), *doubts]
            return self._result(True, release, before, warnings, builder.describe_source(identity))

    def rollback(self, to: str | None) -> RollbackOutcome:
        """Roll back to a release that is still on the host.

        Args:
            to: its name; by default the last one that served well.

        Raises:
            DeployError: there is no such release, or it does not pass its gate; what serves is not touched.
        """
        with self.store.lock(self._lock_timeout, self._by):
            before = self.store.live()
            refuse_held(self.layout, before)
            target = choose_rollback(self.store, to)
            if target == before:
                warnings = observation.health_warnings(self.store, target)
                return {"changed": False, "release": target, "before": before, "steps": {}, "warnings": warnings}
            Integrity(self.store).repair()
            settings = ReleaseSettings.from_record(self.store.record(target))
            self._rules.count_from_now()
            with self._audited(before, target, {"rollback": True}), as_live(self._rules, self.store):
                warnings = restore(self._rules, self.store, target)
                # It was watched when it was new, and there is no point in going back to what it replaces.
                left = [state for state in self._remaining(target, None, settings) if state != "watched"]
                self._steps.take(target, left, before, settings)
                self.store.note_state(target, "watched")
            return {
                "changed": True,
                "release": target,
                "before": before,
                "steps": dict(self._steps.seconds),
                "warnings": [*warnings, *self._rules.summary()],
            }

    def _prepare(self, builder: ReleaseBuilder, identity: str | None, before: str | None) -> tuple[str, str]:
        """Put a release on disk; return its name, and what its source was resolved to."""
        version = builder.inputs.version
        try:
            with self._steps.measured("prepared"):
                identity = builder.source.fetch(version, identity)
                release = builder.identify(identity)
                builder.prepare(release, identity)
        except (DeployError, OSError) as error:
            raise self._steps.error_with_outcome(version, before, "could not be prepared", error) from error
        return release, identity

    def _background(self, release: str, builder: ReleaseBuilder | None) -> BackgroundUnits:
        return BackgroundUnits(self.layout, release, builder.inputs.units if builder else None)

    def _show(self, release: str, builder: ReleaseBuilder | None) -> Shown:
        """Query systemd for the units of a release, and for the one that starts it at boot: every run needs this."""
        units = Instance(self.layout, release).units.values()
        return systemd.show_by_name(*units, self.layout.boot_unit, *self._background(release, builder).moved)

    def _remaining(
        self, release: str, builder: ReleaseBuilder | None, settings: ReleaseSettings, shown: Shown | None = None
    ) -> tuple[str, ...]:
        """Return the states that a release has yet to reach; systemd is queried unless its units are `shown`."""
        loaded = find_loaded(self.layout)
        shown = shown or self._show(release, builder)
        instance = Instance(self.layout, release)
        observed = ObservedState(
            recorded=self.store.record(release).get("states", {}),
            intact=builder is None or builder.is_intact(release),
            running=instance.is_up(shown) and not instance.is_draining(shown),
            live=self.store.live() == release and shown[self.layout.boot_unit].enabled,
            working=self._background(release, builder).is_up(shown),
            others=self._steps.find_others(release, loaded),
            surplus=find_surplus(self.store, release, settings.keep, loaded),
        )
        return remaining_steps(observed)

    def _audited(
        self, before: str | None, release: str | None, details: Attempt | None = None
    ) -> AbstractContextManager[Attempt]:
        """Record an attempt in the audit trail, with the steps that the block takes; see :meth:`Store.audited`."""
        line: Attempt = {"by": self._by, "from": before, "to": release, "steps": self._steps.seconds, **(details or {})}
        return self.store.audited(line)

    def _result(
        self, changed: bool, release: str, before: str | None, warnings: list[str], source: SourceResult
    ) -> ReleaseResult:
        return {
            "changed": changed,
            "release": release,
            "before": before,
            "steps": dict(self._steps.seconds),
            "warnings": warnings,
            "source": source["source"],
            "commit": source["commit"],
            "trusted_at_first_use": source["trusted_at_first_use"],
        }
