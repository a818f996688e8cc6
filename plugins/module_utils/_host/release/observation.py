"""The health of the live release: what systemd has recorded of it, and its answer to one request.

Nothing is waited for. That a process has just started is no sign that it stays up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.probe import ANSWER_TIMEOUT
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.unit_checks import describe_kind
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

MINUTES = 10  # how far back the end of a process counts
_LOOP = 3  # so many ends in that time are a restart loop
BRIEFLY = 2.0  # seconds that an inspection waits for an answer; a slower release is asked again by a run
_PROVEN = 60.0  # seconds of uptime, after which earlier ends do not count


@dataclass(frozen=True)
class UnitCondition:
    """What systemd shows of a service or of a background process.

    Attributes:
        name: in messages.
        down: how it ended, if it is not up and systemd does not restart it by itself.
        up_for: seconds; 0 if it is not up.
        ends: how often it ended in the last minutes.
    """

    name: str
    down: str
    up_for: float
    ends: int

    @property
    def failure(self) -> str:
        """Return what is wrong with it; empty when nothing is."""
        if self.down:
            return f"{self.name} is down: {self.down}"
        if self.ends >= _LOOP and self.up_for < _PROVEN:
            return f"{self.name} does not stay up: it has ended {self.ends} times in the last {MINUTES} minutes"
        return ""

    @property
    def unproven(self) -> str:
        """Return why it may not stay up; empty when nothing suggests that."""
        if self.ends and self.up_for < _PROVEN:
            times = "once" if self.ends == 1 else "twice" if self.ends == 2 else f"{self.ends} times"
            return f"{self.name} has ended {times} in the last {MINUTES} minutes, and is up for {self.up_for:.0f} s"
        return ""


@dataclass(frozen=True)
class ReleaseHealth:
    """The health of a release; each of the texts may be empty.

    Attributes:
        release: its name.
        failure: what is wrong with it.
        unproven: why it may not stay up.
    """

    release: str
    failure: str = ""
    unproven: str = ""

    def summary(self, serves: str = "still serves") -> str:
        """Return the health of the release as half a sentence."""
        if self.failure:
            return f"{self.release} is live, but not well: {self.failure}"
        return f"{self.release} {serves}" + (f", which is not proven: {self.unproven}" if self.unproven else "")

    @property
    def doubt(self) -> str:
        """Return the same if there is any doubt, else an empty text."""
        return self.summary("serves") if self.failure or self.unproven else ""


def judge(release: str, units: Sequence[UnitCondition], answer: str | None) -> ReleaseHealth:
    """Return the health of a release.

    Args:
        release: its name.
        units: what systemd shows of its units.
        answer: what is wrong with its answer, or None.
    """
    failures = [unit.failure for unit in units if unit.failure] + ([answer] if answer else [])
    return ReleaseHealth(release, "; ".join(failures), "; ".join(unit.unproven for unit in units if unit.unproven))


def observe(
    store: Store, release: str, seconds: float = ANSWER_TIMEOUT, shown: Mapping[str, systemd.Unit] | None = None
) -> ReleaseHealth:
    """Return the health of a live release; one that is paused gets no request.

    Args:
        store: the releases of the application.
        release: the release.
        seconds: how long to wait for its answer.
        shown: its service and processes, if systemd was queried just now.
    """
    layout, gate = store.layout, ReleaseSettings.from_record(store.record(release)).gate
    if Path(layout.pause(release)).exists():
        return ReleaseHealth(release)
    instance = Instance(layout, release)
    service = instance.units["service"]
    names = {service: "the service"} | {
        name: describe_kind(layout.kind(name)) for name in BackgroundUnits(layout, release).processes
    }
    if shown is None or not names.keys() <= shown.keys():
        shown = systemd.show_by_name(*names)
    units = [shown[name] for name in names]
    ends = _ends(units, service)
    conditions = [_condition(unit, names[unit.name], ends[unit.name], unit.name == service) for unit in units]
    return judge(release, conditions, instance.ask(gate, seconds) if units[0].active else None)


def health_warnings(store: Store, release: str, looped: str = "") -> list[str]:
    """Return what is not certain about a live release, at the end of a run, as warnings.

    Args:
        store: the releases of the application.
        release: the release.
        looped: what was wrong before the run, from :func:`restart_loop`.

    Raises:
        DeployError: it is not well; with the end of its log.
    """
    began = time.time() - MINUTES * 60
    health = observe(store, release)
    if looped or health.failure:
        both = ReleaseHealth(release, "; ".join(text for text in (looped, health.failure) if text))
        raise DeployError(f"{store.layout.app}: {both.summary()}", Instance(store.layout, release).log(began))
    return [f"{store.layout.app}: {health.doubt}"] if health.doubt else []


def restart_loop(layout: Layout, release: str) -> str:
    """Return what is wrong with a release that systemd restarts again and again; empty if it does not any more."""
    service = Instance(layout, release).units["service"]
    (unit,) = systemd.show(service)
    return "" if unit.failed else UnitCondition("the service", "", 0, _ends([unit], service)[service]).failure


def _condition(unit: systemd.Unit, name: str, ends: int, serves: bool) -> UnitCondition:
    # A process may end at any time, and is restarted after a second; without the service nothing answers.
    down = not unit.up and (serves or unit.failed)
    return UnitCondition(name, unit.ending() if down else "", unit.up_for(time.monotonic()), ends)


def _ends(units: Sequence[systemd.Unit], service: str) -> Counter[str]:
    """Return how often each unit has ended by itself in the last minutes; the journal is read only after a restart.

    A background process may end well at any time, such as one that has done its share. A service may not.
    """
    ended = [unit.name for unit in units if unit.restarts]
    if not ended:
        return Counter()
    kinds = {journal.RESTARTED: [service], journal.EXITED: [name for name in ended if name != service]}
    since = time.time() - MINUTES * 60
    return journal.count_systemd_messages({kind: names for kind, names in kinds.items() if {*names} & {*ended}}, since)
