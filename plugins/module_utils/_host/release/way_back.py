"""Which release a rollback leads to: the last that served well and is whole, its generations being one release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.history import rollback_candidates
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared import generations
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


def choose_rollback(store: Store, to: str | None) -> str:
    """Return the release that a rollback leads to; all files of it have been read and compared with its manifest.

    Args:
        store: the application's.
        to: a release, by the name of any of its generations; by default the last that served well.

    Raises:
        DeployError: there is none; with those that there are, and those that are damaged.
    """
    integrity, live = Integrity(store, verify=True), store.live()
    records, damaged = store.good_records(), dict[str, str]()
    while True:
        choice = _standing(to or _before(live, store, records), records)
        if choice == live and choice:
            return choice
        if choice is None:
            break
        if not (found := integrity.release(choice).damage):
            return choice
        damaged[choice] = "; ".join(found)
        del records[choice]
    listed = ", ".join(sorted(records, key=lambda name: records[name]["states"]["live"])) or "none"
    asked = f"{to} is not a release that" if to else "no other release"
    text = f"{store.layout.app}: {asked} served well and is still on this host; those that did: {listed}"
    broken = "".join(f"\n{one} is damaged: {why}" for one, why in damaged.items())
    raise DeployError(f"{text}{broken}")


def _before(live: str | None, store: Store, records: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the last release that served before the live one, which none of its own generations did."""
    ways = rollback_candidates(store.trail.past(), records, live)
    return next((one for one in ways if generations.origin(one) != generations.origin(live or "")), None)


def _standing(name: str | None, records: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the generation that stands for a release."""
    return next(iter(generations.newest_first(name, records)), None) if name else None


def find_way_back(store: Store, release: str, before: str | None) -> str | None:
    """The release to go back to when a new one does badly: the one before, be it of a former run, if it is whole."""
    previous: str | None = before if before != release else store.record(release).get("previous")
    return None if previous and Integrity(store).release(previous).damage else previous
