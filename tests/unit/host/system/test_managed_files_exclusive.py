"""Directories below which nothing is but what a set of files names."""

from __future__ import annotations

import getpass
import grp
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.inspections import inspect_all
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import (
    ManagedFile,
    apply_all,
    differences,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import files as files_task
from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry, PartsOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import PARTS_OPTIONS
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import check_options

ME, MINE = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name


def desired(top: Path) -> list[FileEntry]:
    """Return an exclusive directory with one file, in a folder of its own."""
    return [
        {
            "path": str(top),
            "state": "directory",
            "exclusive": True,
            "content": None,
            "mode": None,
            "owner": ME,
            "group": MINE,
        },
        {
            "path": str(top / "new" / "renewal.py"),
            "state": "file",
            "content": "new",
            "mode": None,
            "owner": ME,
            "group": MINE,
        },
    ]


def items(top: Path) -> list[ManagedFile]:
    return [ManagedFile.of(item) for item in desired(top)]


def apply(top: Path, validate: Callable[[], None] = lambda: None) -> list[str]:
    """Bring a directory to the desired state; return the paths that differed, below it."""
    result = differences(items(top))
    apply_all([item for item, _difference in result], validate)
    return [str(item.path.relative_to(top)) for item, _difference in result]


def refuse() -> None:
    raise RuntimeError("refused")


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Return what is below a folder, without following links: its mode, and its content or where it leads."""
    result = {}
    for path in sorted(folder.rglob("*")):
        text = str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else ""
        result[str(path.relative_to(folder))] = (stat.S_IMODE(path.lstat().st_mode), text)
    return result


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a directory as a former version has left it, with links that lead out of it."""
    outside, top = tmp_path / "outside", tmp_path / "lib" / "deploy"
    for folder in (outside / "folder", top / "old" / "__pycache__", top / "empty", top / "new"):
        folder.mkdir(parents=True)
    for file in (outside / "file", outside / "folder" / "deep", top / "renewal.py", top / "old" / "commands.py"):
        file.write_text("old")
    (top / "old" / "__pycache__" / "commands.pyc").write_text("compiled")
    (top / "old").chmod(0o700)
    (top / "to-file").symlink_to(outside / "file")
    (top / "new" / "to-folder").symlink_to(outside / "folder")
    (top / "dangling").symlink_to("nowhere")
    return top


def test_what_no_item_names_is_removed(top: Path, tmp_path: Path) -> None:
    outside = tree(tmp_path / "outside")
    assert sorted(apply(top)) == [
        *("dangling", "empty", "new/renewal.py", "new/to-folder", "old", "old/__pycache__"),
        *("old/__pycache__/commands.pyc", "old/commands.py", "renewal.py", "to-file"),
    ]
    assert sorted(tree(top)) == ["new", "new/renewal.py"]
    assert tree(tmp_path / "outside") == outside


def test_a_second_run_finds_nothing(top: Path) -> None:
    assert apply(top)
    assert apply(top) == []


def test_another_set_with_the_same_files_finds_nothing(top: Path) -> None:
    apply(top)
    assert differences([*items(top), *items(top)]) == []


def test_all_is_restored_when_it_is_refused(top: Path) -> None:
    before = tree(top)
    with pytest.raises(RuntimeError, match="refused"):
        apply(top, refuse)
    assert tree(top) == before


def test_an_empty_host(tmp_path: Path) -> None:
    assert apply(tmp_path / "lib") == [".", "new/renewal.py"]
    assert apply(tmp_path / "lib") == []


def test_a_link_in_the_way_of_a_file(tmp_path: Path) -> None:
    """What it leads to holds the desired files, which is to be in the directory itself."""
    outside, top = tmp_path / "outside", tmp_path / "lib"
    for folder in (outside, top):
        folder.mkdir()
    (outside / "renewal.py").write_text("new")
    (top / "new").symlink_to(outside)
    with pytest.raises(RuntimeError, match="refused"):
        apply(top, refuse)
    assert (top / "new").is_symlink()
    assert apply(top) == ["new", "new/renewal.py"]
    assert not (top / "new").is_symlink()
    assert apply(top) == []
    assert sorted(tree(outside)) == ["renewal.py"]


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("a file")
    with pytest.raises(RuntimeError, match="refused"):
        apply(tmp_path, refuse)
    assert (tmp_path / "new").read_text() == "a file"
    assert apply(tmp_path) == ["new", "new/renewal.py"]


def test_what_a_killed_run_kept_goes_as_well(top: Path) -> None:
    (top / ".renewal.py~").write_text("kept")
    before = tree(top)
    with pytest.raises(RuntimeError, match="refused"):
        apply(top, refuse)
    assert {name: actual for name, actual in tree(top).items() if "~" not in name} == {
        name: actual for name, actual in before.items() if "~" not in name
    }
    apply(top)
    assert sorted(tree(top)) == ["new", "new/renewal.py"]


def test_the_directory_itself_must_not_be_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("stays")
    (tmp_path / "lib").symlink_to(outside)
    with pytest.raises(DeployError, match="is a link where a directory belongs"):
        differences(items(tmp_path / "lib"))
    assert sorted(tree(outside)) == ["file"]


def test_a_file_cannot_be_exclusive(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="exclusive: found true for a file"):
        ManagedFile.of({**desired(tmp_path)[1], "exclusive": True})


def test_its_path_is_plain(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"expected a path without \.\."):
        ManagedFile.of({**desired(tmp_path)[0], "path": f"{tmp_path}/folder/../lib"})


def test_a_file_that_is_named_in_a_roundabout_way_stays(tmp_path: Path) -> None:
    directory, file = desired(tmp_path)
    roundabout = [ManagedFile.of(directory), ManagedFile.of({**file, "path": f"{tmp_path}/new/../new/renewal.py"})]
    apply(tmp_path)
    assert differences(roundabout) == []


def test_what_is_absent_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("stays")
    absent = ManagedFile.of({**desired(tmp_path)[0], "state": "absent"})
    with pytest.raises(DeployError, match="is a directory where a file belongs"):
        differences([absent])
    assert (tmp_path / "file").exists()


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_task(top: Path, monkeypatch: pytest.MonkeyPatch, check_mode: bool) -> None:
    """Its two lists are one set; in check mode it only reports."""
    monkeypatch.setattr(files_task, "log_to_journal", lambda _text: None)
    directory, file = desired(top)
    options, _secrets = check_options(
        files_task.OPTIONS, cast("dict[str, Json]", {"files": [file], "unread": [directory]})
    )
    before = tree(top)
    checked = cast("files_task.FilesOptions", options)
    result = files_task.act(checked, check_mode)
    assert result["changed"] and str(top / "renewal.py") in result["paths"]
    assert {"before": "directory\n", "after": ""}.items() <= next(
        item for item in result["diff"] if item["before_header"] == str(top / "empty")
    ).items()
    assert (tree(top) == before) is check_mode
    assert files_task.act(checked, False)["changed"] is check_mode
    assert not files_task.act(checked, False)["changed"]


def test_an_inspection(top: Path) -> None:
    before = tree(top)
    options, _secrets = check_options(PARTS_OPTIONS, {"files": cast("Json", desired(top))})
    (observed,) = inspect_all([{"kind": "parts", "options": cast("PartsOptions", options)}])
    drift = observed["drift"]
    assert {str(top / "renewal.py"), str(top / "old" / "__pycache__"), str(top / "empty")} <= set(drift)
    assert tree(top) == before


def test_what_is_needed_is_there_before_leftovers_go(top: Path) -> None:
    """A run that is killed in between has removed nothing that served."""
    order = [item.path for item, _difference in differences(items(top))]
    written, removed = order.index(top / "new" / "renewal.py"), order.index(top / "renewal.py")
    assert written < removed
