"""The first seconds of a release that has just gone live, and messages about a release that fails."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.background import BackgroundUnits
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.observation import observe
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.questions import ANSWER_SECONDS
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.visits import Switch
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import AccessLog, watch
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.processes import start_ticks as began_at
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@dataclass(frozen=True)
class BadRelease:
    """A release that failed its watch.

    Attributes:
        error: the reason, with its log.
        no_way_back: why the previous release does no better; empty if it may.
    """

    error: DeployError
    no_way_back: str


def watch_live(
    store: Store, release: str, before: str | None, settings: ReleaseSettings, log: AccessLog, began: float
) -> BadRelease | None:
    """Watch a release that has just gone live; return what is wrong with it, or None.

    Args:
        store: the releases of the application.
        release: the release.
        before: the one to go back to, if there is one.
        settings: how long to watch, and how many errors are too many.
        log: the access log, as it was before the switch.
        began: when the run began, in seconds of the epoch: its log is shown from then on.
    """
    instance, work = Instance(store.layout, release), BackgroundUnits(store.layout, release)
    server, processes = instance.watch_restarts(), work.watch_restarts()
    # The gate has tested the server of a first release, but not its processes.
    limits = settings.watch if before else replace(settings.watch, error_percent=100)
    if not (limits.seconds and (before or work.processes)):
        return None
    switch = Switch.from_records(release, before, store)
    ask = partial(instance.ask, settings.gate, ANSWER_SECONDS)
    workers = server.children() if settings.gate.workers > 1 and not settings.gate.recycles else set()
    verdict = watch(log, switch, limits, lambda: server() or processes() or ended_worker(workers), ask)
    if verdict is None:
        return None
    lines = work.log(began, processes.ended) if processes.ended else instance.log(began)
    return BadRelease(DeployError(verdict.failure, lines), verdict.no_way_back if before else "")


def ended_worker(workers: Collection[int]) -> str | None:
    """Return what is wrong if one of these processes has ended; None while all of them run."""
    if all(map(began_at, workers)):
        return None
    return "the service does not stay up: a worker has ended in the first seconds after the switch"


def describe_outcome(store: Store, release: str, before: str | None, outcome: str) -> str:
    """Return how a release ended, and what serves now, which is inspected for this.

    Args:
        store: the releases of the application.
        release: the release.
        before: the one that served before.
        outcome: how the release ended, in words.
    """
    if before is None:
        return f"release {release} {outcome}; nothing serves yet"
    health = observe(store, before)
    if release == before:
        return f"release {release} is live, but {'does not serve well' if health.failure else 'is not complete'}"
    return f"release {release} {outcome}; {health.summary('serves again' if 'back' in outcome else 'still serves')}"


def describe_partly_down(store: Store, release: str) -> str:
    """Return a text about a release that fails but stays, since there is nothing to go back to."""
    if failure := Instance(store.layout, release).ask(ReleaseSettings.from_record(store.record(release)).gate):
        return f"release {release} is live, and does not serve: {failure}"
    return f"release {release} serves, but not all of its units run"
