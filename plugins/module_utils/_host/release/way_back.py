"""The target of a rollback: the last release that served well and is undamaged.

All generations of a release count as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.history import rollback_candidates
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared import generations
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import ReleaseRecord


def choose_rollback(store: Store, to: str | None) -> str:
    """Return the release to roll back to, after comparing all its files with its manifest.

    Args:
        store: the releases of the application.
        to: a release, by the name of any of its generations; by default the last that served well.

    Raises:
        DeployError: there is none; with those that there are, and those that are damaged.
    """
    integrity, live = Integrity(store, verify=True), store.live()
    records, damaged = store.good_records(), dict[str, str]()
    other = {name for name in records if live and _differs(_is_direct(store, name), _is_direct(store, live))}
    records = {name: record for name, record in records.items() if name not in other}
    while True:
        choice = _newest(to or _before(live, store, records), records)
        if choice == live and choice:
            return choice
        if choice is None:
            break
        if not (damage := integrity.release(choice).damage):
            return choice
        damaged[choice] = "; ".join(damage)
        del records[choice]
    listed = ", ".join(sorted(records, key=lambda name: records[name]["states"]["live"])) or "none"
    missing = f"{to} is not a release that" if to else "no other release"
    text = f"{store.layout.app}: {missing} served well and is still on this host; those that did: {listed}"
    broken = "".join(f"\n{release} is damaged: {why}" for release, why in damaged.items())
    moved = "".join(
        f"\n{release} came to visitors {'by nginx' if _is_direct(store, live or '') else 'without nginx'}, as this one "
        "does not: asgi.deploy.site goes back to it, by its entry"
        for release in sorted(other)
    )
    raise DeployError(f"{text}{broken}{moved}")


def _is_direct(store: Store, release: str) -> bool | None:
    """Return whether a release serves without nginx; None where its settings cannot be read."""
    try:
        text = (store.path(release) / "runtime" / "asgi_deploy_runtime" / "settings.json").read_text(encoding="utf-8")
        return bool(json.loads(text).get("direct"))
    except (OSError, ValueError):
        return None


def _differs(one: bool | None, other: bool | None) -> bool:
    """Return whether both are known, and not the same."""
    return None not in (one, other) and one != other


def _before(live: str | None, store: Store, records: Mapping[str, ReleaseRecord]) -> str | None:
    """Return the last release that served before the live one and is no generation of it."""
    candidates = rollback_candidates(store.trail.past(), records, live)
    return next((name for name in candidates if generations.origin(name) != generations.origin(live or "")), None)


def _newest(name: str | None, records: Mapping[str, ReleaseRecord]) -> str | None:
    """Return the newest generation of a release."""
    return next(iter(generations.newest_first(name, records)), None) if name else None


def find_way_back(store: Store, release: str, before: str | None) -> str | None:
    """Return the release to go back to when a new one fails; None if there is none that is undamaged.

    Args:
        store: the releases of the application.
        release: the new one.
        before: the one that served when this run began, which is the new one itself if an earlier run put it live.
    """
    previous: str | None = before if before != release else store.record(release).get("previous")
    return None if previous and Integrity(store).release(previous).damage else previous
