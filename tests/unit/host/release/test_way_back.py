"""The release that a rollback chooses, and what it reports of those that it skips."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.way_back import choose_rollback
from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Layout("shop", PurePosixPath(tmp_path, "srv"), PurePosixPath(tmp_path, "manifests")))


def prepare(store: Store, release: str, live: float | None = None, failed: str | None = None) -> None:
    states = {"prepared": 1.0, **({} if live is None else {"live": live})}
    path = store.path(release)
    path.mkdir(parents=True)
    (path / "code.py").write_text("one\n", encoding="utf-8")
    (path / "release.json").write_text(json.dumps({"states": states, "failed": failed}), encoding="utf-8")


@pytest.fixture
def several(store: Store) -> Store:
    """Return a release that served long ago, one that was rolled back, one never live, the one before, and the live
    one.
    """
    prepare(store, "v1", live=10)
    prepare(store, "v2", live=20, failed="5 of 5 requests ended with a server error")
    prepare(store, "v3")
    prepare(store, "v0", live=30)
    prepare(store, "v4", live=40)
    store.switch("v4")
    return store


@pytest.mark.parametrize(("to", "chosen"), [(None, "v0"), ("v1", "v1"), ("v0", "v0"), ("v4", "v4")])
def test_choose(several: Store, to: str | None, chosen: str) -> None:
    assert choose_rollback(several, to) == chosen


@pytest.mark.parametrize("to", ["v2", "v3", "v9", "../v1"])
def test_choose_what_did_not_serve_well(several: Store, to: str) -> None:
    with pytest.raises(DeployError) as error:
        choose_rollback(several, to)
    assert str(error.value) == (
        f"shop: {to} is not a release that served well and is still on this host; those that did: v1, v0, v4"
    )


@pytest.mark.parametrize("direct", [False, True])
def test_a_release_of_the_other_proxy_is_none_to_go_back_to(several: Store, direct: bool) -> None:
    """Its visitors would come another way than the host has now."""
    for release in ("v0", "v4"):
        settings = several.path(release) / "runtime" / "asgi_deploy_runtime" / "settings.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"direct": {"tls": {}} if (release == "v4") is direct else None}))
    assert choose_rollback(several, None) == "v1"
    with pytest.raises(DeployError) as error:
        choose_rollback(several, "v0")
    way = "by nginx" if direct else "without nginx"
    assert str(error.value) == (
        "shop: v0 is not a release that served well and is still on this host; those that did: v1, v4\n"
        f"v0 came to visitors {way}, as this one does not: asgi.deploy.site goes back to it, by its entry"
    )


def test_choose_where_there_is_none(store: Store) -> None:
    with pytest.raises(DeployError) as error:
        choose_rollback(store, None)
    assert str(error.value) == ("shop: no other release served well and is still on this host; those that did: none")


OLD, NEW = "v1.0.0-0a1b2c3d", "v1.1.0-4e5f6a7b"


def damage(store: Store, release: str) -> None:
    (store.path(release) / "code.py").write_text("two\n", encoding="utf-8")


def test_a_damaged_release_is_passed_over(several: Store) -> None:
    Integrity(several).adopt()
    damage(several, "v0")
    assert choose_rollback(several, None) == "v1"
    with pytest.raises(DeployError) as error:
        choose_rollback(several, "v0")
    assert str(error.value) == (
        "shop: v0 is not a release that served well and is still on this host; those that did: v1, v4\n"
        "v0 is damaged: code.py was changed"
    )
    damage(several, "v1")
    with pytest.raises(DeployError) as none:
        choose_rollback(several, None)
    assert none.value.reason.splitlines()[1:] == [
        "v0 is damaged: code.py was changed",
        "v1 is damaged: code.py was changed",
    ]


def test_a_change_that_only_the_content_shows_is_found(several: Store) -> None:
    """As of a disk that fails: nothing wrote the file."""
    Integrity(several).adopt()
    manifest = Path(several.layout.manifests, "releases", "v0.json")
    text = manifest.read_text(encoding="utf-8")
    content = hashlib.sha256(b"one\n").hexdigest()
    assert content in text
    manifest.write_text(text.replace(content, hashlib.sha256(b"two\n").hexdigest()), encoding="utf-8")
    assert not Integrity(several).release("v0").damage
    assert choose_rollback(several, None) == "v1"


@pytest.mark.parametrize("to", [None, OLD, f"{OLD}.2"])
def test_generations_are_one_release_on_the_way_back(store: Store, to: str | None) -> None:
    prepare(store, OLD, live=10)
    prepare(store, f"{OLD}.2", live=20)
    prepare(store, NEW, live=30)
    store.switch(NEW)
    Integrity(store).adopt()
    assert choose_rollback(store, to) == f"{OLD}.2"
    damage(store, f"{OLD}.2")
    assert choose_rollback(store, to) == OLD


def switch(store: Store, before: str, to: str, rollback: bool = False) -> None:
    line: Attempt = {"from": before, "to": to, "rollback": rollback}
    with store.audited(line):
        store.switch(to)


def test_generations_are_one_release_in_the_trail(store: Store) -> None:
    """A damaged one was built again, then another release came: going back leads to what was built again."""
    prepare(store, "v0.9.0-11223344", live=5)
    for release, live in ((OLD, 10), (f"{OLD}.2", 20), (NEW, 30)):
        prepare(store, release, live=live)
    for before, to in (("v0.9.0-11223344", OLD), (OLD, f"{OLD}.2"), (f"{OLD}.2", NEW)):
        switch(store, before, to)
    Integrity(store).adopt()
    assert choose_rollback(store, None) == f"{OLD}.2"
    switch(store, NEW, f"{OLD}.2", rollback=True)
    assert choose_rollback(store, None) == "v0.9.0-11223344"


def test_another_generation_of_the_live_one_is_no_way_back(store: Store) -> None:
    prepare(store, OLD, live=10)
    prepare(store, f"{OLD}.2", live=20)
    store.switch(f"{OLD}.2")
    with pytest.raises(DeployError, match="no other release served well"):
        choose_rollback(store, None)
