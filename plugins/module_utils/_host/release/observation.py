"""How the release that is live is just now: what systemd has written down of it, and its answer to one question.

Nothing is waited for. That a process has just been started is no sign that it stays up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits, describe_kind
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.probe import ANSWER_TIMEOUT
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

MINUTES = 10  # for so long an end tells of the release
_LOOP = 3  # ends in that time
BRIEFLY = 2.0  # seconds that a look at the host gives an answer; who is slower is asked again by a run
_PROVEN = 60.0  # seconds after an end


@dataclass(frozen=True)
class UnitCondition:
    """What systemd says of a service or of a background process."""

    name: str
    down: str  # how it ended, where it is not up and systemd does not start it again by itself
    up_for: float  # seconds; 0 where it is not up
    ends: int  # in the last minutes

    @property
    def wrong(self) -> str:
        if self.down:
            return f"{self.name} is down: {self.down}"
        if self.ends >= _LOOP and self.up_for < _PROVEN:
            return f"{self.name} does not stay up: it has ended {self.ends} times in the last {MINUTES} minutes"
        return ""

    @property
    def unproven(self) -> str:
        if self.ends and self.up_for < _PROVEN:
            times = "once" if self.ends == 1 else "twice" if self.ends == 2 else f"{self.ends} times"
            return f"{self.name} has ended {times} in the last {MINUTES} minutes, and is up for {self.up_for:.0f} s"
        return ""


@dataclass(frozen=True)
class ReleaseHealth:
    """What became of that; each of the texts is empty where there is nothing to say."""

    release: str
    wrong: str = ""
    unproven: str = ""

    def summary(self, serves: str = "still serves") -> str:
        """What to say of the release, in half a sentence."""
        if self.wrong:
            return f"{self.release} is live, but not well: {self.wrong}"
        return f"{self.release} {serves}" + (f", which is not proven: {self.unproven}" if self.unproven else "")

    @property
    def doubt(self) -> str:
        """The same where there is any doubt."""
        return self.summary("serves") if self.wrong or self.unproven else ""


def judge(release: str, runs: Sequence[UnitCondition], answer: str | None) -> ReleaseHealth:
    """What systemd says and what is wrong with the answer, as one."""
    wrong = [one.wrong for one in runs if one.wrong] + ([answer] if answer else [])
    return ReleaseHealth(release, "; ".join(wrong), "; ".join(one.unproven for one in runs if one.unproven))


def observe(
    store: Store, release: str, seconds: float = ANSWER_TIMEOUT, shown: Mapping[str, systemd.Unit] | None = None
) -> ReleaseHealth:
    """Look at a release that is live; one that is paused is not asked.

    Args:
        store: the application's.
        release: the release.
        seconds: in which it has to answer.
        shown: its service and processes, where systemd has told of them just now.
    """
    layout, gate = store.layout, ReleaseSettings.from_record(store.record(release)).gate
    if Path(layout.pause(release)).exists():
        return ReleaseHealth(release)
    instance, work = Instance(layout, release), BackgroundUnits(layout, release)
    service = instance.units["service"]
    names = {service: "the service"} | {name: describe_kind(layout.kind(name)) for name in work.processes}
    if shown is None or not names.keys() <= shown.keys():
        shown = systemd.show_by_name(*names)
    units = [shown[name] for name in names]
    ends = _ends(units, service)
    runs = [_runs(unit, names[unit.name], ends[unit.name], unit.name == service) for unit in units]
    asked = units[0].active
    return judge(release, runs, instance.ask(gate, seconds) if asked else None)


def health_warnings(store: Store, release: str, looped: str = "") -> list[str]:
    """What is not certain of a release that is live, at the end of a run that may have found it ending again and again.

    Raises:
        DeployError: it is not well.
    """
    began = time.time() - MINUTES * 60
    found = observe(store, release)
    if looped or found.wrong:
        told = ReleaseHealth(release, "; ".join(text for text in (looped, found.wrong) if text)).summary()
        raise DeployError(f"{store.layout.app}: {told}", Instance(store.layout, release).log(began))
    return [f"{store.layout.app}: {found.doubt}"] if found.doubt else []


def restart_loop(layout: Layout, release: str) -> str:
    """What is wrong with a release that systemd starts again and again; nothing where it does not, or has given up."""
    service = Instance(layout, release).units["service"]
    (unit,) = systemd.show(service)
    return "" if unit.failed else UnitCondition("the service", "", 0, _ends([unit], service)[service]).wrong


def _runs(unit: systemd.Unit, name: str, ends: int, serves: bool) -> UnitCondition:
    # A process may end when it likes, and is started again in a second; without the service nothing answers.
    down = not unit.up and (serves or unit.failed)
    return UnitCondition(name, unit.ending() if down else "", unit.up_for(time.monotonic()), ends)


def _ends(units: Sequence[systemd.Unit], service: str) -> Counter[str]:
    """How often each unit has ended in the last minutes, by itself; nobody is asked where systemd restarted none.

    A background process may end well at any time, as one that has worked off its share. A service may not.
    """
    ended = [unit.name for unit in units if unit.restarts]
    if not ended:
        return Counter()
    kinds = {journal.RESTARTED: [service], journal.EXITED: [name for name in ended if name != service]}
    since = time.time() - MINUTES * 60
    return journal.count_systemd_messages({kind: names for kind, names in kinds.items() if {*names} & {*ended}}, since)
