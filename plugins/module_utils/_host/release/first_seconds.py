"""The first seconds of a release that has just gone live, and what is said of a release that does not do well."""

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
    """Why a release must go, with its log, and why the one before is no way back all the same."""

    error: DeployError
    no_way_back: str


def watch_live(
    store: Store, release: str, before: str | None, settings: ReleaseSettings, log: AccessLog, began: float
) -> BadRelease | None:
    """Watch a release that has just gone live; return what is wrong with it, if anything is.

    Args:
        store: the application's.
        release: the release.
        before: the one to go back to.
        settings: how long to watch, and what is too much.
        log: the access log, as it was before the switch.
        began: the beginning of the run, from which on its log is shown.
    """
    instance, work = Instance(store.layout, release), BackgroundUnits(store.layout, release)
    server, processes = instance.watch_restarts(), work.watch_restarts()
    # The gate has proven the server of a first release, and nothing of its processes.
    limits = settings.watch if before else replace(settings.watch, error_percent=100)
    if not (limits.seconds and (before or work.processes)):
        return None
    switch = Switch.from_records(release, before, store)
    ask = partial(instance.ask, settings.gate, ANSWER_SECONDS)
    workers = server.children() if settings.gate.workers > 1 and not settings.gate.recycles else set()
    found = watch(log, switch, limits, lambda: server() or processes() or ended_worker(workers), ask)
    if found is None:
        return None
    said = work.log(began, processes.ended) if processes.ended else instance.log(began)
    return BadRelease(DeployError(found.wrong, said), found.no_way_back if before else "")


def ended_worker(workers: Collection[int]) -> str | None:
    """Return what is wrong where one of these processes has ended; nothing while all of them run."""
    if all(map(began_at, workers)):
        return None
    return "the service does not stay up: a worker has ended in the first seconds after the switch"


def describe_outcome(store: Store, release: str, before: str | None, outcome: str) -> str:
    """What became of a release, and what serves now, which is looked at."""
    if before is None:
        return f"release {release} {outcome}; nothing serves yet"
    found = observe(store, before)
    if release == before:
        return f"release {release} is live, but {'does not serve well' if found.wrong else 'is not finished'}"
    return f"release {release} {outcome}; {found.summary('serves again' if 'back' in outcome else 'still serves')}"


def describe_partly_down(store: Store, release: str) -> str:
    """What is said of a release that stays, as there is nothing to go back to."""
    if wrong := Instance(store.layout, release).ask(ReleaseSettings.from_record(store.record(release)).gate):
        return f"release {release} is live, and does not serve: {wrong}"
    return f"release {release} serves, but not all that belongs to it runs"
