"""A release that waits while another one is started in its place."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.exclusive import HELD, needs_exclusion
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

ENDED = 2**22 + 1  # no process has such a number


@pytest.fixture(name="host")
def a_host(tmp_path: Path) -> Path:
    """Return a folder where a release is held: the other one runs, and is not live."""
    (tmp_path / "held").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "current").symlink_to("releases/v1")
    return tmp_path


@contextmanager
def waiting(host: Path, run: int) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the program by which a release waits for the end of `run`, as a unit runs it."""
    paths = {"file": host / "held", "other": host / "other", "current": host / "current"}
    text = HELD.format(root="", run=run, link="releases/v1", **paths)
    line = text.replace("\\\n", " ").split("ExecStartPre=+")[1].split("\nTimeout")[0]
    program, option, script = shlex.split(line.replace("$$", "$"))
    with subprocess.Popen([program, option, script]) as process:
        yield process
        process.kill()


def test_it_waits_until_the_file_is_gone(host: Path) -> None:
    with waiting(host, os.getpid()) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        (host / "held").unlink()
        assert process.wait(5) == 0


@pytest.mark.parametrize(
    ("runs", "live", "waits"),
    [
        pytest.param(True, "v1", True, id="the next one runs"),
        pytest.param(False, "v2", True, id="the next one is live"),
        pytest.param(False, "v1", False, id="the next one has not started"),
    ],
)
def test_for_a_run_that_was_killed_it_waits_only_while_the_next_release_is_there(
    host: Path, runs: bool, live: str, waits: bool
) -> None:
    if not runs:
        (host / "other").rmdir()
    (host / "current").unlink()
    (host / "current").symlink_to(f"releases/{live}")
    with waiting(host, ENDED) as process:
        if waits:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
        else:
            assert process.wait(5) == 0


@pytest.mark.parametrize(
    ("new", "old", "exclusive"),
    [
        ({}, {}, False),
        ({"settings": {"keep": 5}}, {"settings": {"keep": 5}}, False),
        ({"settings": {"exclusive": True}}, {}, True),
        ({}, {"settings": {"exclusive": True}}, True),
    ],
)
def test_one_release_that_needs_exclusion_is_enough(
    tmp_path: Path, new: dict[str, Any], old: dict[str, Any], exclusive: bool
) -> None:
    """On the way back it is the one that is left that opened a port."""
    store = Store(Layout("shop", PurePosixPath(tmp_path)))
    for name, record in {"new": new, "old": old}.items():
        store.path(name).mkdir(parents=True)
        (store.path(name) / "release.json").write_text(json.dumps(record), encoding="utf-8")
    assert needs_exclusion(store, "new", "old") is exclusive
    assert needs_exclusion(store, "new", None) is bool(new.get("settings", {}).get("exclusive"))
