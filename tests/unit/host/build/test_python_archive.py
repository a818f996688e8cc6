"""Where an interpreter from an archive lies, and how long it stays."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build import python_archive
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Interpreter
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_archive import (
    PythonArchive,
    hold,
    let_go,
    prune,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import locks
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

ARCHIVE = PythonArchive("https://mirror.example.com/x.tar.gz", "a1" * 32, "3.99.2", "x86_64")
FOLDER = "/opt/asgi/python/cpython-3.99.2-x86_64-a1a1a1a1a1a1a1a1"
MINOR = "{}.{}".format(*sys.version_info)


def test_an_interpreter_that_the_host_lacks_comes_from_its_archive() -> None:
    interpreter = Interpreter.requested("3.99", ARCHIVE)
    assert interpreter.path == f"{FOLDER}/cpython-3.99.2-linux-x86_64-gnu/bin/python3.99"
    assert interpreter.tag == "cpython-3.99.2-x86_64-a1a1a1a1a1a1a1a1"
    assert interpreter.archive == ARCHIVE
    assert interpreter.version == "3.99.2"


@pytest.mark.parametrize("python", ["system", MINOR])
def test_the_hosts_own_comes_first(python: str) -> None:
    """The option must not change the name of a release that does not need it."""
    assert Interpreter.requested(python, ARCHIVE) == Interpreter.requested(python)
    assert Interpreter.requested(python, ARCHIVE).archive is None


def test_it_stays_as_long_as_an_application_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_archive, "exclusive_pythons", nullcontext)
    pythons, root = tmp_path / "python", tmp_path / "root"
    (pythons / ARCHIVE.name).mkdir(parents=True)
    (pythons / "cpython-3.98.0-x86_64-0").mkdir()
    (pythons / ".tmp").mkdir()
    apps = [Layout(name, PurePosixPath(root)) for name in ("shop", "blog")]
    for app in apps:
        hold(app, ARCHIVE)
        hold(app, ARCHIVE)
    assert [path.name for path in Path(apps[0].pythons).iterdir()] == [ARCHIVE.name]
    prune(pythons, root)
    assert [path.name for path in pythons.iterdir()] == [ARCHIVE.name], "what a killed fetch left is gone, too"
    let_go(apps[0], {ARCHIVE.name})
    let_go(apps[1], {"None"})
    prune(pythons, root)
    assert (pythons / ARCHIVE.name).is_dir()
    let_go(apps[0], set())
    prune(pythons, root)
    assert list(pythons.iterdir()) == []


def test_a_fetch_of_another_run_delays_no_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    monkeypatch.setattr(python_archive, "exclusive_pythons", lambda seconds: locks.exclusive_lock(lock, seconds))
    (tmp_path / "python" / "unneeded").mkdir(parents=True)
    with locks.exclusive_lock(lock, 0):
        prune(tmp_path / "python", tmp_path)
    assert (tmp_path / "python" / "unneeded").is_dir()
    prune(tmp_path / "python", tmp_path)
    assert not (tmp_path / "python" / "unneeded").exists()


def test_an_application_without_the_option_has_nothing_to_prune(tmp_path: Path) -> None:
    let_go(Layout("shop", PurePosixPath(tmp_path)), set())
    prune(tmp_path / "python", tmp_path)
    assert list(tmp_path.iterdir()) == []
