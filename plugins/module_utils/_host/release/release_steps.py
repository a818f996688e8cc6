"""The steps that make a prepared release serve: command, start, gate, switch, watch, drain, prune."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import (
    BackgroundUnits,
    LoadedReleases,
    find_loaded,
    switch_background_units,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.exclusive import (
    hand_over,
    hold,
    is_held,
    needs_exclusion,
    start_again,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.first_seconds import (
    describe_outcome,
    describe_partly_down,
    watch_live,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import (
    Instance,
    drain_with_units_of,
    without_draining,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.port_move import PortMove, no_check
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.pruning import prune
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.recorded_commands import command_text, recorded
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import AccessLog
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.way_back import find_way_back
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import memory, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import CommandRun


class ReleaseSteps:
    """The steps of one run on one application.

    Attributes:
        seconds: how long each step took, by its name.
    """

    def __init__(self, store: Store, rules: MetadataRules) -> None:
        self.seconds: dict[str, float] = {}
        self._store = store
        self._layout = store.layout
        self._rules = rules

    def find_others(self, release: str, loaded: LoadedReleases) -> set[str]:
        """Return other releases whose server or background units run, and that do not drain yet."""
        return without_draining(self._layout, loaded.serving - {release}) | loaded.at_work - {release}

    def take(
        self,
        release: str,
        left: Collection[str],
        before: str | None,
        settings: ReleaseSettings,
        port: PortMove | None = None,
    ) -> None:
        """Take a prepared release through the states that are left; what serves is not touched before the switch.

        With `port`, the port of visitors moves with it, and there is no way back to the release before.
        """
        began, exclusive = time.time(), needs_exclusion(self._store, release, before)
        was_up = (instance := Instance(self._layout, release)).is_up()
        if "released" in left:
            try:
                instance.refuse_command_at_work()
            except DeployError as error:
                raise self.error_with_outcome(release, before, "was not put live", error) from error
        try:
            self._until_gated(release, left, before, settings, began, exclusive)
            if port and port.before_switch and "live" in left:
                with self.measured("moved"):
                    port.move(lambda: instance.pass_gate(settings.gate, began))
        except Exception as error:  # of any kind: what was started must not stay
            self._abandon(release, before, was_up and not exclusive, _first_line(error))
            if before:
                prune(self._store, before, settings.keep)
            if not isinstance(error, (DeployError, OSError)):
                raise
            raise self.error_with_outcome(release, before, "was not put live", error) from error
        log = AccessLog(Path(self._layout.access_log))
        if "live" in left:
            with self.measured("live"):
                self._switch(release, before)
        if port and not port.before_switch:
            with self.measured("moved"):
                self._move_port(release, port)
        if "working" in left:
            goes_back = "watched" in left and not port
            with self.measured("working"):
                self._start_background(release, find_way_back(self._store, release, before) if goes_back else None)
        if "watched" in left:
            with self.measured("watched"):
                self._watch(release, before, settings, log, began)
        with self.measured("drained"):
            for other in self.find_others(release, find_loaded(self._layout)):
                BackgroundUnits(self._layout, other).stop_soon()
                if is_held(self._layout, other):
                    hand_over(self._layout, other, release)
                else:
                    drain_with_units_of(self._layout, other, release)
        with self.measured("pruned"):
            prune(self._store, release, settings.keep)

    def _until_gated(
        self,
        release: str,
        left: Collection[str],
        before: str | None,
        settings: ReleaseSettings,
        began: float,
        exclusive: bool,
    ) -> None:
        """Take a release through the states before the switch; if `exclusive`, no other one runs when it starts."""
        instance = Instance(self._layout, release)
        instance.mark_ready()
        if "working" in left and (missing := BackgroundUnits(self._layout, release).missing_programs()):
            raise DeployError(missing)
        if "released" in left:
            with self.measured("released"):
                self._run_commands(instance)
            self._store.note_state(release, "released")
        if "started" in left:
            if exclusive:
                with self.measured("stopped"):
                    self._stop_others(release, before)
            with self.measured("started"):
                if not exclusive:
                    self._check_memory(release, before)
                instance.start()
            self._store.note_state(release, "started")
        if "gated" in left:
            with self.measured("gated"):
                instance.pass_gate(settings.gate, began)
            self._store.note_state(release, "gated")

    def _stop_others(self, release: str, before: str | None) -> None:
        """Hold the release before, and stop what else runs, such as one that drains; their requests are answered."""
        for other in sorted(find_loaded(self._layout).serving - {release}):
            if other == before:
                hold(self._layout, other, release)
            else:
                Instance(self._layout, other).stop()

    def _run_commands(self, instance: Instance) -> None:
        """Run the release commands, one after the other; the audit trail has when each begins and ends.

        Raises:
            DeployError: one fails or takes too long; with the end of its output.
        """
        folder = self._store.path(instance.release)
        runs: list[CommandRun] = []
        for number, unit in enumerate(units := instance.commands(), 1):
            command = recorded(command_text(unit), folder)
            runs.append({"command": command, "started": (began := time.time())})
            self._store.trail.add_commands(runs)
            failure = instance.run_command(unit)
            runs[-1] |= {"ended": time.time(), "result": failure or "ended well"}
            self._store.trail.add_commands(runs)
            if failure:
                which = f"number {number} of {len(units)}, {command}: " if len(units) > 1 else ""
                raise DeployError(f"its release command failed: {which}{failure}", instance.log(began, unit))

    def _watch(self, release: str, before: str | None, settings: ReleaseSettings, log: AccessLog, began: float) -> None:
        """Watch a release that has just gone live; go back if it fails and there is a release to go back to."""
        before = find_way_back(self._store, release, before)
        if failed := watch_live(self._store, release, before, settings, log, began):
            if failed.no_way_back:
                self._store.note(release, previous=None)  # also for the next run
                raise self._with_text(f"release {release} fails, but stays; {failed.no_way_back}", failed.error)
            if before is None:
                raise self._with_text(describe_partly_down(self._store, release), failed.error)
            self._go_back(release, before, failed.error.reason)
            raise self.error_with_outcome(release, before, "was rolled back", failed.error)
        self._store.note_state(release, "watched")
        self._store.note(release, failed=None)

    def _move_port(self, release: str, port: PortMove) -> None:
        """Move the port of visitors to nginx, which serves a release that has just gone live."""
        try:
            port.move(no_check)
        except (DeployError, OSError) as error:
            raise self._with_text(f"release {release} is live, but its port did not move", error) from error

    def _start_background(self, release: str, way_back: str | None) -> None:
        """Move processes and timers to a release that has just gone live; go back if they cannot be started."""
        try:
            switch_background_units(self._layout, release)
        except (DeployError, OSError) as error:
            if way_back is None:
                raise self._with_text(describe_partly_down(self._store, release), error) from error
            self._go_back(release, way_back, _first_line(error))
            raise self.error_with_outcome(release, way_back, "was rolled back", error) from error

    def _switch(self, release: str, before: str | None) -> None:
        """Make a release live, after recording what the next run needs if this one is killed."""
        record = self._store.record(release)
        states = {name: at for name, at in record["states"].items() if name not in ("live", "watched")}
        previous = before if before != release else record.get("previous")
        self._store.note(release, states=states, previous=previous)
        self._store.switch(release)
        if before and before != release:
            Instance(self._layout, before).mark_replaced()
        if not systemd.starts_at_boot(self._layout.boot_unit):  # to repeat it costs as much as the first time
            systemd.enable(self._layout.boot_unit)
        self._store.note(release, states={**states, "live": time.time()}, failed=None)

    def _go_back(self, release: str, before: str, reason: str) -> None:
        """Make the previous release live again, which was kept running for this: it takes one rename."""
        instance = Instance(self._layout, before)
        instance.mark_ready()
        if exclusive := needs_exclusion(self._store, release, before):
            hold(self._layout, release, before)
            start_again(self._store, before)
        elif not instance.is_up() or instance.is_draining():
            instance.start()
        self._store.note(release, failed=reason)
        self._store.switch(before)
        switch_background_units(self._layout, before, wait=False)
        if exclusive:
            hand_over(self._layout, release, before)
        else:
            Instance(self._layout, release).drain()

    def _check_memory(self, release: str, before: str | None) -> None:
        """Raise DeployError if the memory is too small for both releases at once."""
        running = find_loaded(self._layout).serving - {release}
        if before in running and not Instance(self._layout, release).is_up():
            needed = Instance(self._layout, before).memory() + BackgroundUnits(self._layout, before).memory()
            if refusal := memory.refusal(needed, memory.available(), running - {before}):
                raise DeployError(refusal)

    def _abandon(self, release: str, before: str | None, was_up: bool, reason: str) -> None:
        """Stop what was started; the release that served before was never touched."""
        if release == before:
            return
        instance = Instance(self._layout, release)
        if was_up:  # someone may still be connected to it
            instance.drain()
        else:
            instance.stop()
        if before and is_held(self._layout, before):
            start_again(self._store, before)
        if "live" not in self._store.record(release).get("states", {}):  # a release that served well may serve again
            self._store.note(release, failed=reason)

    def error_with_outcome(self, release: str, before: str | None, outcome: str, error: Exception) -> DeployError:
        """Return an error as users see it: how the release ended, what serves now, and the reason."""
        return self._with_text(describe_outcome(self._store, release, before, outcome), error)

    def _with_text(self, text: str, error: Exception) -> DeployError:
        """Return an error with a text about the application before its reason."""
        # Not above: no inspection needs it.
        from ansible_collections.asgi.deploy.plugins.module_utils._host.release.write_errors import write_advice

        cause = error if isinstance(error, DeployError) else DeployError(str(error))
        advice = write_advice(cause.log, str(self._layout.home))
        lines = [f"{self._layout.app}: {text}.", cause.reason, *self._rules.summary(), *advice]
        return DeployError("\n".join(lines), cause.log)

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Measure how long the block takes, as a step of this name."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - started, 3)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
