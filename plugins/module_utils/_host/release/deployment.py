"""Puts releases live: start, gate, switch, watch, drain, prune.

Every step can be done again: a run that was ended at any point is finished by the next one. Until the switch the
release that serves is not touched.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release import observation
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import (
    BackgroundUnits,
    LoadedReleases,
    check_units,
    find_loaded,
    switch_background_units,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.first_seconds import (
    describe_outcome,
    describe_partly_down,
    watch_live,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.history import UNCHANGED
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import (
    Instance,
    drain_with_units_of,
    without_draining,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.metadata_closing import as_live, restore
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.pruning import find_surplus, prune
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import (
    STATES,
    ObservedState,
    remaining_steps,
    without_reached,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import AccessLog
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.way_back import choose_rollback, find_way_back
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import memory, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing, MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt

Shown = Mapping[str, systemd.Unit]


class Deployment:
    """The work of one run on one application; `steps` tells how long each took.

    With `closing` a release begins by closing the cloud's metadata service.
    """

    def __init__(self, layout: Layout, by: str, lock_timeout: float, closing: Closing | None = None) -> None:
        self.layout = layout
        self.store = Store(layout)
        self._by = by
        self._lock_timeout = lock_timeout
        self._closing = closing or Closing()
        self._rules = MetadataRules(layout)
        self._steps: dict[str, float] = {}

    def predict(self, builder: ReleaseBuilder, settings: ReleaseSettings, everything: bool = False) -> dict[str, Any]:
        """What :meth:`release` would do, without doing it; with `everything` all releases are inspected for damage."""
        check_units(builder.inputs.units)
        if identity := builder.source.resolve(builder.inputs.version, keep=False):
            builder.source.verify(builder.inputs.version, identity, fetch=False)
        release = builder.predict(identity) if identity else None
        before = self.store.live()
        same = release == before
        shown = self._shown(before, builder if same else None) if before else {}
        left = self._left(release, builder, settings, shown if same else None) if release else STATES
        commit = self.store.record(before).get("commit") if before else None
        more = {"before_commit": commit, "left": list(left), "metadata": self._rules.pending(self._closing)}
        changes = bool(left or more["metadata"])
        health = observation.observe(self.store, before, observation.BRIEFLY, shown).doubt if before else ""
        found = {**builder.inspect(release, everything), "health": health}
        return self._result(changes, release, before, **more, **found, **_told(builder, identity))

    def release(self, builder: ReleaseBuilder, settings: ReleaseSettings, urgent: bool = False) -> dict[str, Any]:
        """Makes the release of a builder's inputs serve; what is urgent is not watched.

        Raises:
            DeployError: it cannot; what served before still does.
        """
        version = builder.inputs.version
        with self.store.lock(self._lock_timeout, self._by):
            before = self.store.live()
            refuse_held(self.layout, before)
            details: Attempt = {"version": version, "urgent": True} if urgent else {"version": version}
            with self._audited(before, None, details) as entry, as_live(self._rules, self.store):
                closed = self._rules.ensure(self._closing)
                # Looked up under the lock: of two runs, the one that waits must not put an older commit over a newer.
                with self._step("resolved"):
                    identity = builder.source.resolve(version)
                    if identity:
                        builder.source.verify(version, identity, fetch=True)
                    release = builder.identify(identity) if identity else None
                entry |= self.store.trail.arrival(before, release)
                left = self._left(release, builder, settings) if release else STATES
                if release and not left:
                    self._keep(release, settings)
                    notes = [*builder.settle(release), *observation.health_warnings(self.store, release)]
                    entry["result"] = UNCHANGED
                    return self._result(closed, release, before, warnings=notes, **_told(builder, identity))
                looped = observation.restart_loop(self.layout, release) if release and release == before else ""
                self._rules.count_from_now()
                check_units(builder.inputs.units)
                if release is None or "prepared" in left:
                    release, identity = self._prepare(builder, identity, before)
                    entry["to"] = release
                    left = without_reached(left, self.store.record(release))
                self._keep(release, settings)
                self._advance(release, left, before, settings.unwatched() if urgent else settings)
                doubts = observation.health_warnings(self.store, release, looped)
            notes = [*self._rules.told(), *builder.settle(release), *doubts]
            return self._result(True, release, before, warnings=notes, **_told(builder, identity))

    def rollback(self, to: str | None) -> dict[str, Any]:
        """Goes back to a release that is still on the host: the last that served well, or the one named.

        Raises:
            DeployError: there is no such release, or it does not pass its gate; what serves is not touched.
        """
        with self.store.lock(self._lock_timeout, self._by):
            before = self.store.live()
            refuse_held(self.layout, before)
            target = choose_rollback(self.store, to)
            if target == before:
                return self._result(False, target, before, warnings=observation.health_warnings(self.store, target))
            Integrity(self.store).repair()
            settings = ReleaseSettings.from_record(self.store.record(target))
            self._rules.count_from_now()
            with self._audited(before, target, {"rollback": True}), as_live(self._rules, self.store):
                kept = restore(self._rules, self.store, target)
                # It was watched in its time, and what it replaces is nothing to go back to.
                left = [state for state in self._left(target, None, settings) if state != "watched"]
                self._advance(target, left, before, settings)
                self._reached(target, "watched")
            return self._result(True, target, before, warnings=[*kept, *self._rules.told()])

    def _prepare(self, builder: ReleaseBuilder, identity: str | None, before: str | None) -> tuple[str, str]:
        """The release's id and what its source is, once it is on disk."""
        version = builder.inputs.version
        try:
            with self._step("prepared"):
                identity = builder.source.fetch(version, identity)
                release = builder.identify(identity)
                builder.prepare(release, identity)
        except (DeployError, OSError) as error:
            raise self._story(version, before, "could not be prepared", error) from error
        return release, identity

    def _work(self, release: str, builder: ReleaseBuilder | None) -> BackgroundUnits:
        return BackgroundUnits(self.layout, release, builder.inputs.units if builder else None)

    def _shown(self, release: str, builder: ReleaseBuilder | None) -> Shown:
        """What systemd says of a release's units, and of what starts it at boot: every run asks this."""
        units = Instance(self.layout, release).units.values()
        return systemd.show_by_name(*units, self.layout.boot_unit, *self._work(release, builder).moved)

    def _left(
        self, release: str, builder: ReleaseBuilder | None, settings: ReleaseSettings, shown: Shown | None = None
    ) -> tuple[str, ...]:
        """The states that a release has yet to reach; systemd is asked of its units where it has not `shown` them."""
        there = find_loaded(self.layout)
        shown = shown or self._shown(release, builder)
        instance, work = Instance(self.layout, release), self._work(release, builder)
        seen = ObservedState(
            recorded=self.store.record(release).get("states", {}),
            intact=builder is None or builder.is_intact(release),
            running=instance.is_up(shown) and not instance.is_draining(shown),
            live=self.store.live() == release and shown[self.layout.boot_unit].enabled,
            working=work.is_up(shown),
            others=self._others(release, there),
            surplus=find_surplus(self.store, release, settings.keep, there),
        )
        return remaining_steps(seen)

    def _others(self, release: str, there: LoadedReleases) -> set[str]:
        """Other releases that run and do not drain yet, of those that serve and of those at work."""
        return without_draining(self.layout, there.serving - {release}) | there.at_work - {release}

    def _advance(self, release: str, left: Collection[str], before: str | None, settings: ReleaseSettings) -> None:
        """Take a prepared release through the states that are left; what serves is not touched before the switch."""
        began = time.time()
        was_up = (instance := Instance(self.layout, release)).is_up()
        if "released" in left:
            try:
                instance.refuse_command_at_work()
            except DeployError as error:
                raise self._story(release, before, "was not put live", error) from error
        try:
            self._until_gated(release, left, before, settings, began)
        except Exception as error:  # whatever it is: what was started must not stay
            self._abandon(release, before, was_up, _first_line(error))
            if before:
                prune(self.store, before, settings.keep)
            if not isinstance(error, (DeployError, OSError)):
                raise
            raise self._story(release, before, "was not put live", error) from error
        log = AccessLog(Path(self.layout.access_log))
        if "live" in left:
            with self._step("live"):
                self._switch(release, before)
        if "working" in left:
            with self._step("working"):
                self._set_to_work(release, find_way_back(self.store, release, before) if "watched" in left else None)
        if "watched" in left:
            with self._step("watched"):
                self._watch(release, before, settings, log, began)
        with self._step("drained"):
            for other in self._others(release, find_loaded(self.layout)):
                BackgroundUnits(self.layout, other).stop_soon()
                drain_with_units_of(self.layout, other, release)
        with self._step("pruned"):
            prune(self.store, release, settings.keep)

    def _until_gated(
        self, release: str, left: Collection[str], before: str | None, settings: ReleaseSettings, began: float
    ) -> None:
        instance = Instance(self.layout, release)
        instance.mark_ready()
        if "working" in left and (missing := BackgroundUnits(self.layout, release).missing_programs()):
            raise DeployError(missing)
        if "released" in left:
            with self._step("released"):
                instance.run_command(began)
            self._reached(release, "released")
        if "started" in left:
            with self._step("started"):
                self._check_memory(release, before)
                instance.start()
            self._reached(release, "started")
        if "gated" in left:
            with self._step("gated"):
                instance.pass_gate(settings.gate, began)
            self._reached(release, "gated")

    def _watch(self, release: str, before: str | None, settings: ReleaseSettings, log: AccessLog, began: float) -> None:
        """Watches a release that has just gone live, and goes back when it does badly and there is where to."""
        before = find_way_back(self.store, release, before)
        if bad := watch_live(self.store, release, before, settings, log, began):
            if bad.no_way_back:
                self.store.note(release, previous=None)  # for the next run, too
                raise self._preceded(f"release {release} does badly, and stays; {bad.no_way_back}", bad.error)
            if before is None:
                raise self._preceded(describe_partly_down(self.store, release), bad.error)
            self._go_back(release, before, bad.error.reason)
            raise self._story(release, before, "was taken back", bad.error)
        self._reached(release, "watched")
        self.store.note(release, failed=None)

    def _set_to_work(self, release: str, find_way_back: str | None) -> None:
        """Moves processes and timers to a release that has just gone live; goes back when they cannot be started."""
        try:
            switch_background_units(self.layout, release)
        except (DeployError, OSError) as error:
            if find_way_back is None:
                raise self._preceded(describe_partly_down(self.store, release), error) from error
            self._go_back(release, find_way_back, _first_line(error))
            raise self._story(release, find_way_back, "was taken back", error) from error

    def _switch(self, release: str, before: str | None) -> None:
        """Notes before the rename what must not be forgotten: a run that is killed after it is finished by the next."""
        record = self.store.record(release)
        states = {name: at for name, at in record["states"].items() if name not in ("live", "watched")}
        previous = before if before != release else record.get("previous")
        self.store.note(release, states=states, previous=previous)
        self.store.switch(release)
        if before and before != release:
            Instance(self.layout, before).mark_replaced()
        if not systemd.starts_at_boot(self.layout.boot_unit):  # to do it again costs as much as the first time
            systemd.enable(self.layout.boot_unit)
        self.store.note(release, states={**states, "live": time.time()}, failed=None)

    def _go_back(self, release: str, before: str, reason: str) -> None:
        """The release before was kept running for this: going back to it is one rename again."""
        instance = Instance(self.layout, before)
        if not instance.is_up() or instance.is_draining():
            instance.start()
        self.store.note(release, failed=reason)
        instance.mark_ready()
        self.store.switch(before)
        switch_background_units(self.layout, before, wait=False)
        Instance(self.layout, release).drain()

    def _check_memory(self, release: str, before: str | None) -> None:
        generations = find_loaded(self.layout).serving - {release}
        if before in generations and not Instance(self.layout, release).is_up():
            needed = Instance(self.layout, before).memory() + BackgroundUnits(self.layout, before).memory()
            if wrong := memory.refusal(needed, memory.available(), generations - {before}):
                raise DeployError(wrong)

    def _abandon(self, release: str, before: str | None, was_up: bool, reason: str) -> None:
        """Stops what was started; what served before was never touched."""
        if release == before:
            return
        instance = Instance(self.layout, release)
        if was_up:  # somebody may still be connected to it
            instance.drain()
        else:
            instance.stop()
        if "live" not in self.store.record(release).get("states", {}):  # one that served well may serve again
            self.store.note(release, failed=reason)

    def _keep(self, release: str, settings: ReleaseSettings) -> None:
        """Notes the settings, so that going back to the release needs no inventory."""
        if self.store.record(release).get("settings") != (kept := settings.to_record()):
            self.store.note(release, settings=kept)

    def _story(self, release: str, before: str | None, outcome: str, error: DeployError | OSError) -> DeployError:
        """An error as the user is told it: what became of the release, what serves now, and why."""
        return self._preceded(describe_outcome(self.store, release, before, outcome), error)

    def _preceded(self, text: str, error: DeployError | OSError) -> DeployError:
        """Return an error that says `text` of the application before its reason."""
        told = error if isinstance(error, DeployError) else DeployError(str(error))
        lines = [f"{self.layout.app}: {text}.", told.reason, *self._rules.told()]
        return DeployError("\n".join(lines), told.log)

    def _reached(self, release: str, state: str) -> None:
        self.store.note(release, states={**self.store.record(release).get("states", {}), state: time.time()})

    def _audited(
        self, before: str | None, release: str | None, details: Attempt | None = None
    ) -> AbstractContextManager[Attempt]:
        """Record an attempt in the audit trail, with the steps that the block takes; see :meth:`Store.audited`."""
        line: Attempt = {"by": self._by, "from": before, "to": release, "steps": self._steps, **(details or {})}
        return self.store.audited(line)

    def _result(self, changed: bool, release: str | None, before: str | None, **more: Any) -> dict[str, Any]:
        return {"changed": changed, "release": release, "before": before, "steps": dict(self._steps), **more}

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._steps[name] = round(time.monotonic() - started, 3)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _told(builder: ReleaseBuilder, identity: str | None) -> dict[str, Any]:
    told = builder.source.told(identity) if identity else {}
    return {"source": told, "commit": told.get("commit"), "trusted_at_first_use": builder.source.trust.pinned()}
