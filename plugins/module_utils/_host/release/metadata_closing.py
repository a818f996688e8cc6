"""The cloud's metadata service, closed as for the release that serves: after a rollback or a release that failed.

Rules of nft match the application's user, which is the same for all its releases; so there is one state for them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing, MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


def restore(rules: MetadataRules, store: Store, release: str) -> list[str]:
    """Close or open the service as it was for a release; return warnings where that failed.

    Without rules, only lines of the release's own units close it.
    """
    if not rules.present():
        return []
    settings = store.record(release).get("settings")
    recorded = ReleaseSettings.from_record({"settings": settings}).closing if settings else None
    app = store.layout.app
    state = "closed to it" if rules.closes_application() else "open to it"
    if recorded is None:
        return [
            f"{app}: the cloud's metadata service stays {state}: the record of release {release} does not say how it "
            "was then; run asgi.deploy.site to set it as the inventory says"
        ]
    try:
        rules.ensure(replace(Closing.of(recorded), by_nft=True))
    except DeployError as error:
        return [
            f"{app}: the cloud's metadata service stays {state}, which may differ from what release {release} had: "
            f"{error}; run asgi.deploy.site"
        ]
    return []


@contextmanager
def as_live(rules: MetadataRules, store: Store) -> Iterator[None]:
    """Restore it for the release that still serves, or serves again, if the block fails."""
    try:
        yield
    except BaseException:
        if live := store.live():
            restore(rules, store, live)
        raise
