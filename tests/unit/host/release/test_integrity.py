"""Reports of damage to releases and environments, by their manifests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Condition, Integrity, summarize
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

SHOP, VENV = "v1.0.0-9747566f", "86a1f5f3e2c18d0d"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a release with its environment, both recorded when they were made."""
    result = Store(Layout("shop", PurePosixPath(tmp_path, "srv"), PurePosixPath(tmp_path, "manifests")))
    make(result, SHOP, VENV)
    with Integrity(result).recording(SHOP, VENV):
        pass
    return result


def make(store: Store, release: str, venv: str) -> None:
    path = store.path(release)
    path.mkdir(parents=True)
    (path / "main.py").write_text("app = 1\n", encoding="utf-8")
    (path / "app.sock").touch()
    program = Path(store.layout.venvs, venv, "bin", "gunicorn")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.touch()
    store.note(release, states={"prepared": 1.0}, venv=venv)


def manifest(store: Store) -> Path:
    return Path(store.layout.manifests, "releases", f"{SHOP}.json")


def test_a_release_is_whole_whatever_becomes_of_its_record_and_socket(store: Store) -> None:
    store.note(SHOP, states={"prepared": 1.0, "live": 2.0})
    (store.path(SHOP) / "app.sock").unlink()
    (store.path(SHOP) / ".release.json.x1").touch()  # of a run that was killed
    Path(store.layout.venvs, VENV, ".lock").touch()
    assert Integrity(store).release(SHOP) == Condition()


def test_only_root_reads_a_manifest(store: Store) -> None:
    assert Path(store.layout.manifests).stat().st_mode & 0o777 == 0o700
    assert manifest(store).stat().st_mode & 0o777 == 0o600


def test_damage_of_an_environment_is_damage_of_all_its_releases(store: Store) -> None:
    make(store, "v2-0a1b2c3d", VENV)
    with Integrity(store).recording("v2-0a1b2c3d", VENV):
        pass
    shutil.rmtree(Path(store.layout.venvs, VENV))
    (store.path(SHOP) / "main.py").unlink()
    actual = Integrity(store)
    assert actual.release(SHOP).damage == ["main.py is missing", "environment: it is missing"]
    assert actual.release("v2-0a1b2c3d").damage == ["environment: it is missing"]


def test_a_release_from_before_is_taken_as_it_is_found(store: Store) -> None:
    make(store, "v0-1a2b3c4d", "0123456789abcdef")
    assert not Integrity(store).release("v0-1a2b3c4d").recorded
    assert Integrity(store).adopt() == ["v0-1a2b3c4d"]
    assert Integrity(store).release("v0-1a2b3c4d") == Condition()
    assert Integrity(store).adopt() == []


def test_an_environment_from_before_that_is_gone_is_damage(store: Store) -> None:
    make(store, "v0-1a2b3c4d", "0123456789abcdef")
    shutil.rmtree(Path(store.layout.venvs, "0123456789abcdef"))
    assert Integrity(store).release("v0-1a2b3c4d").damage == ["environment: it is missing"]


@pytest.mark.parametrize("text", ["", "{}\n", "null\nnull\n"])
def test_a_manifest_that_cannot_be_read(store: Store, text: str) -> None:
    manifest(store).write_text(text, encoding="utf-8")
    assert Integrity(store).release(SHOP).damage == [f"its manifest {manifest(store)} cannot be read"]


def test_what_was_restored_from_a_backup_is_read_once(store: Store) -> None:
    """With what Python has cached since then."""
    file = store.path(SHOP) / "main.py"
    file.unlink()
    file.write_text("app = 1\n", encoding="utf-8")
    (store.path(SHOP) / "__pycache__").mkdir()
    before = manifest(store).read_text(encoding="utf-8")
    actual = Integrity(store)
    assert actual.release(SHOP) == Condition()
    actual.renew()
    after = manifest(store).read_text(encoding="utf-8")
    assert after != before
    again = Integrity(store)
    assert again.release(SHOP) == Condition()
    again.renew()
    assert manifest(store).read_text(encoding="utf-8") == after
    file.write_text("app = 2\n", encoding="utf-8")
    assert Integrity(store).release(SHOP).damage == ["main.py was changed"]


def test_what_was_removed_since_it_was_compared_is_not_recorded_again(store: Store) -> None:
    file = store.path(SHOP) / "main.py"
    file.unlink()
    file.write_text("app = 1\n", encoding="utf-8")
    actual = Integrity(store)
    assert actual.release(SHOP) == Condition()
    manifest(store).unlink()
    actual.renew()
    assert not manifest(store).exists()


def test_what_is_damaged_is_noted_and_noted_no_more(store: Store) -> None:
    actual = Integrity(store)
    actual.mark({SHOP: Condition(["main.py was changed"])})
    assert store.record(SHOP)["damaged"] == ["main.py was changed"]
    assert [item.good for item in store.kept()] == [False]
    actual.mark({SHOP: Condition()})
    assert [item.good for item in store.kept()] == [True]


def test_manifests_go_with_what_they_are_of(store: Store) -> None:
    shutil.rmtree(Path(store.layout.venvs, VENV))
    Integrity(store).forget_removed(set())
    assert Integrity(store).known_venvs() == {VENV}, "a release needs it, and is damaged"
    store.remove(SHOP)
    Integrity(store).forget_removed({SHOP})
    assert Integrity(store).known() == {SHOP}, "it still runs, so its name is not free"
    Integrity(store).forget_removed(set())
    assert (Integrity(store).known(), Integrity(store).known_venvs()) == (set(), set())


def test_folders_that_others_can_write(store: Store) -> None:
    for folder in (store.layout.root, store.layout.home, store.layout.releases, store.layout.venvs):
        Path(folder).chmod(0o755)
    Path(store.layout.home).chmod(0o777)
    Path(store.layout.names_key).touch(0o644)
    owner = [] if os.getuid() == 0 else [text for text in Integrity(store).folders() if "owned" in text]
    assert [text for text in Integrity(store).folders() if text not in owner] == [
        f"{store.layout.home} has mode 0777 instead of 0755",
        f"{store.layout.names_key} has mode 0644 instead of 0600",
    ]


def test_a_release_is_reported_once() -> None:
    damaged = Condition(["main.py was changed"])
    actual = summarize({SHOP: damaged, f"{SHOP}.2": Condition(loose=["src has mode 0777 instead of 0750"])}, ["/srv"])
    assert actual == {
        "damage": {},
        "loose": ["/srv", f"{SHOP}.2: src has mode 0777 instead of 0750"],
        "unrecorded": [],
    }
    assert summarize({SHOP: damaged, "v0-1a2b3c4d": Condition(recorded=False)}, []) == {
        "damage": {SHOP: ["main.py was changed"]},
        "loose": [],
        "unrecorded": ["v0-1a2b3c4d"],
    }
