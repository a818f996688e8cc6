"""The cloud's metadata service as the release had it that serves."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.metadata_closing import as_live, restore
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing, MetadataRules
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

OPEN = {"by_nft": True, "application": False, "ports": []}
SETTINGS = ReleaseSettings(Gate("/ready", ["2xx"], 60, 3, "shop.example.com", 5), WatchLimits(5, 10, 5), keep=5)


class Rules(MetadataRules):
    """Rules whose application is another one's, so that no user and no kernel is asked."""

    def __init__(self, closed: bool | None, refuses: str = "") -> None:
        self.closed, self.refuses, self.asked = closed, refuses, list[Closing]()

    def present(self) -> bool:
        return self.closed is not None

    def closes_application(self) -> bool:
        return bool(self.closed)

    def ensure(self, closing: Closing) -> bool:
        if self.refuses:
            raise DeployError(self.refuses)
        self.asked.append(closing)
        return True


@pytest.fixture(name="store")
def two_releases(tmp_path: Path) -> Store:
    """Return a live release that had it open, and one from before that was recorded."""
    store = Store(Layout("shop", PurePosixPath(tmp_path)))
    old = asdict(SETTINGS)
    del old["closing"]
    for release, settings in (("v1", old), ("v2", {**old, "closing": OPEN})):
        store.path(release).mkdir(parents=True)
        (store.path(release) / "release.json").write_text(json.dumps({"settings": settings}), encoding="utf-8")
    store.switch("v2")
    return store


def test_it_is_as_the_release_had_it(store: Store) -> None:
    rules = Rules(closed=True)
    assert restore(rules, store, "v2") == []
    assert rules.asked == [Closing(by_nft=True, application=False)]


def test_without_rules_nft_is_not_called(store: Store) -> None:
    rules = Rules(closed=None)
    assert restore(rules, store, "v2") == restore(rules, store, "v1") == []
    assert rules.asked == []


@pytest.mark.parametrize(("closed", "state"), [(True, "closed to it"), (False, "open to it")])
def test_an_unknown_state_is_reported(store: Store, closed: bool, state: str) -> None:
    rules = Rules(closed)
    assert restore(rules, store, "v1") == [
        f"shop: the cloud's metadata service stays {state}: the record of release v1 does not say how it was then; "
        "run asgi.deploy.site to set it as the inventory says"
    ]
    assert rules.asked == []


def test_a_refusal_of_nft_is_reported(store: Store) -> None:
    assert restore(Rules(closed=True, refuses="nft is not there"), store, "v2") == [
        "shop: the cloud's metadata service stays closed to it, which may differ from what release v2 had: "
        "nft is not there; run asgi.deploy.site"
    ]


def test_what_fails_leaves_it_as_the_live_release_had_it(store: Store) -> None:
    rules = Rules(closed=True)
    with as_live(rules, store):
        pass
    assert rules.asked == []
    with pytest.raises(DeployError, match="its gate"), as_live(rules, store):
        raise DeployError("its gate")
    assert rules.asked == [Closing(by_nft=True, application=False)]
