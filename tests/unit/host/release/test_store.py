"""What is on a host: releases, the link that names one, the lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.retention import KeptRelease
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

HOLDER = """
import pathlib, sys
sys.path[:0] = {path!r}
from ansible_collections.asgi.deploy.plugins.module_utils._shared import layout
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import store
with store.Store(layout.Layout("shop", pathlib.PurePosixPath(sys.argv[1]))).lock(5, "alice"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Layout("shop", PurePosixPath(tmp_path)))


def prepare(store: Store, release: str, **record: object) -> None:
    store.path(release).mkdir(parents=True)
    (store.path(release) / "release.json").write_text(
        json.dumps({"states": {"prepared": 1}, **record}), encoding="utf-8"
    )


@contextmanager
def held(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield another process that holds the lock."""
    argv = [sys.executable, "-c", HOLDER.format(path=sys.path), str(root)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_lock_that_another_process_holds(store: Store, tmp_path: Path) -> None:
    with held(tmp_path) as process:
        started = time.monotonic()
        with pytest.raises(DeployError) as error, store.lock(0.3, "bob"):
            pytest.fail("two processes held the lock")
        assert time.monotonic() - started < 2
    head, _, tail = str(error.value).partition(", since ")
    assert head == f"shop: another run on this host holds the lock: alice, process {process.pid}"
    assert tail.endswith("; waited 0.3 s for it, and changed nothing")
    assert time.strptime(tail[:19], "%Y-%m-%d %H:%M:%S")


def test_lock_of_a_process_that_was_killed(store: Store, tmp_path: Path) -> None:
    with held(tmp_path) as process:
        process.kill()
        process.wait()
        with store.lock(0, "bob"):
            text = Path(store.layout.lock).read_text(encoding="utf-8")
            assert text.startswith(f"bob, process {os.getpid()}, since ")
            assert len(text.splitlines()) == 1


def test_lock_is_waited_for(store: Store, tmp_path: Path) -> None:
    with held(tmp_path) as process:
        threading.Timer(0.3, process.kill).start()
        with store.lock(10, "bob"):
            assert process.wait(timeout=5) != 0


def test_lock_can_be_taken_again(store: Store) -> None:
    for _ in range(2):
        with store.lock(0, "bob"):
            assert Path(store.layout.lock).stat().st_mode & 0o777 == 0o600


def test_nothing_is_there(store: Store) -> None:
    assert (store.live(), store.on_disk(), store.kept(), store.venvs()) == (None, [], [], [])


@pytest.mark.parametrize("text", [None, "", '{"states": {"prep'])
def test_record_of_an_incomplete_release(store: Store, text: str | None) -> None:
    store.path("v1").mkdir(parents=True)
    if text is not None:
        (store.path("v1") / "release.json").write_text(text, encoding="utf-8")
    assert store.record("v1") == {}
    store.switch("v1")
    assert store.live() is None
    assert store.kept() == [KeptRelease("v1", 0, None, good=False)]


def test_switch(store: Store) -> None:
    for release in ("v1", "v2"):
        prepare(store, release)
        store.switch(release)
        assert str(store.current.readlink()) == f"releases/{release}"
        assert store.live() == release
    assert sorted(path.name for path in store.current.parent.iterdir()) == ["current", "previous", "releases"]
    assert str(store.current.with_name("previous").readlink()) == "releases/v1"
    store.switch("v2")
    assert str(store.current.with_name("previous").readlink()) == "releases/v1"


def test_switch_after_one_that_was_killed(store: Store) -> None:
    prepare(store, "v1")
    store.current.with_name(".current").symlink_to("releases/v0")
    store.switch("v1")
    assert store.live() == "v1"


def test_switch_is_one_step(store: Store) -> None:
    """Who follows the link while it is renamed always gets to a release."""
    releases = ["v1", "v2"]
    for release in releases:
        prepare(store, release, number=release)
    store.switch("v1")
    seen: list[object] = []
    done = threading.Event()

    def follow() -> None:
        while not done.is_set():
            try:
                seen.append(json.loads((store.current / "release.json").read_text(encoding="utf-8"))["number"])
            except OSError as error:
                seen.append(error)

    follower = threading.Thread(target=follow)
    follower.start()
    for turn in range(200):
        store.switch(releases[turn % 2])
    done.set()
    follower.join()
    assert set(seen) == set(releases)


def test_kept(store: Store) -> None:
    prepare(store, "v2", states={"prepared": 2.5}, venv="x")
    prepare(store, "v1", states={"prepared": 1, "live": 9}, venv="y")
    (store.path("v1").parent / "stray-file").touch()
    assert store.kept() == [KeptRelease("v1", 1, "y"), KeptRelease("v2", 2.5, "x")]


def test_kept_of_damaged_releases(store: Store) -> None:
    """A generation is superseded by the next one that is complete, and the environment of a lost record is kept."""
    first, second = "v1.0.0-9747566f", "v1.0.0-9747566f.2"
    prepare(store, first, venv="x", damaged=["main.py was changed"])
    store.path(second).mkdir()
    (store.path(second) / "venv").symlink_to("../../venvs/y")
    assert store.kept() == [KeptRelease(first, 1, "x", good=False), KeptRelease(second, 0, "y", good=False)]
    store.note(second, states={"prepared": 2}, venv="y")
    assert store.kept() == [KeptRelease(first, 1, "x", good=False, superseded=True), KeptRelease(second, 2, "y")]


def test_note_adds_to_a_record(store: Store) -> None:
    prepare(store, "v1", commit="c")
    store.note("v1", failed="GET / answered 500")
    store.note("v1", states={"prepared": 1, "live": 2}, failed=None)
    assert store.record("v1") == {"commit": "c", "failed": None, "states": {"prepared": 1, "live": 2}}
    assert [path.name for path in store.path("v1").iterdir()] == ["release.json"]


def test_good_records(store: Store) -> None:
    assert store.good_records() == {}
    served = {"prepared": 1, "live": 2}
    prepare(store, "v1", states=served)
    prepare(store, "v2", states=served, failed="the service does not stay up")
    prepare(store, "v3")
    store.path("v4").mkdir()
    assert store.good_records() == {"v1": {"states": served}}


def test_other_releases_that_served_are_linked_newest_first(store: Store) -> None:
    """Pages that are open since then still request their files; what never served, or failed, has no pages."""
    for number, release in enumerate(("v1", "v2", "v3", "v4"), 1):
        prepare(store, release, states={"prepared": 1, "live": number})
    prepare(store, "never")
    prepare(store, "failed", states={"prepared": 1, "live": 9}, failed="it fails")
    store.switch("v3")
    store.switch("v4")
    kept = Path(store.layout.kept)
    store.link_kept()
    assert {link.name: link.resolve().name for link in kept.iterdir()} == {"1": "v2", "2": "v1"}
    assert (kept / "1" / "release.json").is_file()
    store.remove("v2")
    store.link_kept()
    assert {link.name: link.resolve().name for link in kept.iterdir()} == {"1": "v1"}
    assert kept.stat().st_mode & 0o777 == 0o755
