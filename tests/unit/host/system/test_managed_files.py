"""Sets of files, on a real file system."""

from __future__ import annotations

import getpass
import grp
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import managed_files as filesets
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import pending_units
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import (
    ManagedFile,
    apply_all,
    differences,
    write,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.observed_files import observe
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

ME = getpass.getuser()
MINE = grp.getgrgid(os.getgid()).gr_name
State: TypeAlias = Literal["file", "directory", "link", "absent"]


OWNER = {"owner": ME, "group": MINE}


def item(path: Path, content: str = "", state: str = "file", mode: str | None = None) -> ManagedFile:
    return ManagedFile.of(
        {"path": str(path), "state": cast("State", state), "content": content, "mode": mode, "owner": ME, "group": MINE}
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def accept() -> None:
    """Validate nothing."""


def refuse() -> None:
    raise RuntimeError("refused")


def a_file(path: Path) -> None:
    path.write_text("old\n", encoding="utf-8")
    path.chmod(0o644)


def a_file_of_mode_600(path: Path) -> None:
    a_file(path)
    path.chmod(0o600)


def a_link(path: Path) -> None:
    path.symlink_to("elsewhere")


def a_link_to_the_content(path: Path) -> None:
    path.with_name("elsewhere").write_text("new\n", encoding="utf-8")
    path.symlink_to("elsewhere")


def a_directory(path: Path) -> None:
    path.mkdir(mode=0o755)


def a_full_directory(path: Path) -> None:
    a_directory(path)
    (path / "inside").write_text("old\n", encoding="utf-8")


def nothing(path: Path) -> None:
    """Make nothing."""


@pytest.mark.parametrize(
    ("before", "desired", "mode"),
    [
        pytest.param(nothing, {"content": "new\n"}, 0o644, id="create"),
        pytest.param(nothing, {"content": ""}, 0o644, id="create an empty file"),
        pytest.param(a_file, {"content": "new\n"}, 0o644, id="change"),
        pytest.param(a_file, {"content": "new\n", "mode": "0600"}, 0o600, id="change content and mode"),
        pytest.param(a_file_of_mode_600, {"content": "old\n"}, 0o644, id="mode drifted"),
        pytest.param(a_file, {"content": "old\n", "mode": "0755"}, 0o755, id="only mode"),
        pytest.param(a_link, {"content": "new\n"}, 0o644, id="dangling link in the way"),
        pytest.param(a_link_to_the_content, {"content": "new\n"}, 0o644, id="link to the same content"),
        pytest.param(nothing, {"state": "directory"}, 0o755, id="create a directory"),
        pytest.param(nothing, {"state": "directory", "mode": "0700"}, 0o700, id="create a closed directory"),
        pytest.param(a_directory, {"state": "directory", "mode": "0700"}, 0o700, id="close a directory"),
    ],
)
def test_apply(tmp_path: Path, before: Callable[[Path], None], desired: dict[str, str], mode: int) -> None:
    path = tmp_path / "path"
    before(path)
    wished = item(path, **desired)
    assert [actual for actual, _ in differences([wished])] == [wished]
    apply_all([wished], accept)
    assert differences([wished]) == []
    assert mode_of(path) == mode
    if desired.get("state") == "directory":
        assert path.is_dir() and not path.is_symlink()
    else:
        assert path.read_text(encoding="utf-8") == desired["content"]
        assert not path.is_symlink()


def link(path: Path, target: str) -> ManagedFile:
    return ManagedFile.of(
        {
            "path": str(path),
            "state": "link",
            "target": target,
            "content": None,
            "mode": None,
            "owner": ME,
            "group": MINE,
        }
    )


@pytest.mark.parametrize("before", [nothing, a_file, a_link])
def test_a_link(tmp_path: Path, before: Callable[[Path], None]) -> None:
    """Also to what is not there yet."""
    path = tmp_path / "path"
    before(path)
    wished = link(path, "/nowhere/else")
    [(_item, difference)] = differences([wished])
    assert difference["after"] == "link to /nowhere/else\n"
    apply_all([wished], accept)
    assert str(path.readlink()) == "/nowhere/else"
    assert differences([wished]) == []
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("before", [nothing, a_file, a_link])
def test_a_link_goes_again_when_the_set_is_refused(tmp_path: Path, before: Callable[[Path], None]) -> None:
    path = tmp_path / "path"
    before(path)
    actual = observe(path)
    with pytest.raises(RuntimeError, match="refused"):
        apply_all([link(path, "/nowhere/else")], refuse)
    assert observe(path) == actual


@pytest.mark.parametrize(("state", "target"), [("link", None), ("file", "/etc/motd")])
def test_what_a_link_leads_to_is_said_for_links(state: State, target: str | None) -> None:
    with pytest.raises(DeployError, match="as in state: link, target: /etc/motd"):
        ManagedFile.of(
            {
                "path": "/etc/a",
                "state": state,
                "target": target,
                "content": None,
                "mode": None,
                "owner": ME,
                "group": MINE,
            }
        )


@pytest.mark.parametrize("before", [a_file, a_link])
def test_absent(tmp_path: Path, before: Callable[[Path], None]) -> None:
    path = tmp_path / "path"
    before(path)
    gone = item(path, state="absent")
    assert differences([gone])
    apply_all([gone], accept)
    assert not os.path.lexists(path)
    assert differences([gone]) == []


@pytest.mark.parametrize(
    ("before", "desired", "message"),
    [
        pytest.param(a_full_directory, {"state": "absent"}, "is a directory where a file belongs", id="absent"),
        pytest.param(a_full_directory, {"content": "new\n"}, "is a directory where a file belongs", id="file"),
        pytest.param(a_file, {"state": "directory"}, "is a file where a directory belongs", id="directory"),
        pytest.param(a_link, {"state": "directory"}, "is a link where a directory belongs", id="directory for a link"),
    ],
)
def test_nothing_is_removed_for_another_kind(
    tmp_path: Path, before: Callable[[Path], None], desired: dict[str, str], message: str
) -> None:
    path = tmp_path / "path"
    before(path)
    with pytest.raises(DeployError, match=message):
        differences([item(path, **desired)])


def test_what_a_link_names_is_left_unchanged(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("other\n", encoding="utf-8")
    path = tmp_path / "path"
    path.symlink_to(other)
    apply_all([item(path, "new\n")], accept)
    assert (other.read_text(encoding="utf-8"), path.read_text(encoding="utf-8")) == ("other\n", "new\n")


def test_directories_on_the_way_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "path"
    apply_all([item(path, "new\n")], accept)
    assert path.read_text(encoding="utf-8") == "new\n"


def test_a_directory_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "path"
    a_full_directory(path)
    apply_all([item(path, state="directory", mode="0700")], accept)
    assert (path / "inside").exists()


@pytest.mark.parametrize(
    ("before", "desired", "diff"),
    [
        pytest.param(nothing, {"content": "new\n"}, ("", "new\n"), id="create"),
        pytest.param(a_file, {"content": "new\n"}, ("old\n", "new\n"), id="change"),
        pytest.param(a_file, {"state": "absent"}, ("present\n", ""), id="absent"),
        pytest.param(a_link, {"content": "new\n"}, ("link\n", "new\n"), id="link"),
        pytest.param(nothing, {"state": "directory"}, ("", "directory\n"), id="directory"),
        pytest.param(
            a_file_of_mode_600,
            {"content": "old\n"},
            (f"owner: {ME}\ngroup: {MINE}\nmode: 0600\n", f"owner: {ME}\ngroup: {MINE}\nmode: 0644\n"),
            id="mode",
        ),
    ],
)
def test_diff(tmp_path: Path, before: Callable[[Path], None], desired: dict[str, str], diff: tuple[str, str]) -> None:
    path = tmp_path / "path"
    before(path)
    actual = item(path, **desired).difference()
    assert actual == {"before_header": str(path), "after_header": str(path), "before": diff[0], "after": diff[1]}


def state_of(path: Path) -> Any:
    """Return all that must be as before: kind, mode, and content."""
    if not os.path.lexists(path):
        return None
    if path.is_symlink():
        return "link", str(path.readlink())
    if path.is_dir():
        return "directory", mode_of(path), {inner.name: state_of(inner) for inner in path.iterdir()}
    return "file", mode_of(path), path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "desired"),
    [
        pytest.param(nothing, {"content": "new\n"}, id="new file"),
        pytest.param(a_file, {"content": "new\n"}, id="content"),
        pytest.param(a_file_of_mode_600, {"content": "new\n"}, id="content and mode"),
        pytest.param(a_file_of_mode_600, {"content": "old\n"}, id="only mode"),
        pytest.param(a_link, {"content": "new\n"}, id="link"),
        pytest.param(a_file, {"state": "absent"}, id="removed file"),
        pytest.param(a_link, {"state": "absent"}, id="removed link"),
    ],
)
def test_rollback(tmp_path: Path, before: Callable[[Path], None], desired: dict[str, str]) -> None:
    path, other = tmp_path / "path", tmp_path / "other"
    before(path)
    a_file(other)
    was = state_of(path)
    with pytest.raises(RuntimeError, match=r"^refused$"):
        apply_all([item(other, "new\n"), item(path, **desired)], refuse)
    assert state_of(path) == was
    assert other.read_text(encoding="utf-8") == "old\n"


def test_rollback_when_a_file_cannot_be_written(tmp_path: Path) -> None:
    path, blocked = tmp_path / "path", tmp_path / "file" / "below"
    a_file(path)
    a_file(tmp_path / "file")
    with pytest.raises(OSError):
        apply_all([item(path, "new\n"), item(blocked, "new\n")], accept)
    assert path.read_text(encoding="utf-8") == "old\n"


def test_rollback_takes_no_space(tmp_path: Path) -> None:
    """On a disk that is full nothing could be copied back; the very files are there again."""
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        a_file(file)
    was = [file.stat().st_ino for file in files]
    with pytest.raises(RuntimeError):
        apply_all([item(file, "new\n") for file in files], refuse)
    assert [file.stat().st_ino for file in files] == was
    assert sorted(tmp_path.iterdir()) == files


def test_rollback_goes_on_where_a_file_cannot_be_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    a_file(good)
    a_file(bad)

    def break_one() -> None:
        replace = os.replace

        def broken(before: Path, path: Path) -> None:
            if path == bad:
                raise OSError("no way")
            replace(before, path)

        monkeypatch.setattr(os, "replace", broken)
        raise RuntimeError("refused")

    with pytest.raises(DeployError) as error:
        apply_all([item(good, "new\n"), item(bad, "new\n")], break_one)
    kept = tmp_path / ".bad~"
    assert str(error.value) == f"refused\n{bad} could not be restored as it was: no way; it is kept as {kept}"
    assert [file.read_text() for file in (good, kept)] == ["old\n", "old\n"]


def test_what_a_killed_run_kept_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "path"
    a_file(path)
    (tmp_path / ".path~").write_text("of before\n")
    apply_all([item(path, "new\n")], accept)
    assert list(tmp_path.iterdir()) == [path]


def test_a_unit_that_systemd_does_not_go_by_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_units, "PENDING", tmp_path / "pending")
    desired = item(tmp_path / "asgi-shop.public.socket", "new\n")
    with pytest.raises(RuntimeError), pending_units.pending_reload("asgi-shop.public.socket"):
        apply_all([desired], refuse)
    apply_all([desired], accept)
    assert [actual for actual, _ in differences([desired])] == [desired]
    pending_units.mark_applied("asgi-shop.public.socket")
    pending_units.mark_applied("asgi-shop.public.socket")
    assert differences([desired]) == []


def test_validation_finds_the_new_files(tmp_path: Path) -> None:
    path = tmp_path / "path"
    a_file(path)
    seen: list[str] = []
    apply_all([item(path, "new\n")], lambda: seen.append(path.read_text(encoding="utf-8")))
    assert seen == ["new\n"]


def test_write_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "path"
    a_file(path)
    with pytest.raises(KeyError):
        write(path, b"new\n", owner="no-user-has-this-name", group=MINE)
    assert [actual.name for actual in tmp_path.iterdir()] == ["path"]
    assert path.read_text(encoding="utf-8") == "old\n"


def test_write_is_one_step(tmp_path: Path) -> None:
    """Who has the old file open keeps reading the old content."""
    path = tmp_path / "path"
    a_file(path)
    with path.open(encoding="utf-8") as reader:
        write(path, b"new\n", owner=ME, group=MINE)
        assert reader.read() == "old\n"


OURS = "# Written by asgi.deploy, role app.\n[Unit]\nAfter=a\n"


@pytest.mark.parametrize(
    ("name", "text", "there", "differs"),
    [
        ("a.service", OURS, OURS.replace("app.", "nginx.") + "# why\n", False),
        ("a.service", OURS, OURS.replace("After=a", "After=b"), True),
        ("hook", f"#!/bin/sh\n{OURS}true\n", f"#!/bin/sh\n{OURS}# why\ntrue\n", False),
        ("a.conf", OURS, f"{OURS}# why\n", True),
        ("a.service", "[Unit]\n", "# a user's\n[Unit]\n", True),
        ("a.py", "x = 1\n", "x = 1  # a user's\n", True),
    ],
)
def test_a_comment_of_ours_is_no_difference(tmp_path: Path, name: str, text: str, there: str, differs: bool) -> None:
    path = tmp_path / name
    path.write_text(there)
    file = item(path, text, mode=f"{mode_of(path):04o}")
    assert bool(differences([file])) is differs
    apply_all([file], accept)
    assert path.read_text() == text, "a change of anything else brings the comments along"


def test_a_comment_of_the_library_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the code that renews certificates."""
    monkeypatch.setattr(filesets, "LIBRARY", tmp_path)
    path = tmp_path / "deep" / "renewal.py"
    path.parent.mkdir()
    path.write_text('"""Renew."""\n\nx = 1\n')
    mode = f"{mode_of(path):04o}"
    assert not differences([item(path, '"""Renew certificates."""\n\nx = 1  # second\n', mode=mode)])
    assert differences([item(path, '"""Renew."""\n\nx = 2\n', mode=mode)])


def test_a_release_has_the_same_code_with_other_comments_and_not_by_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "a.py", tmp_path / "b.py"
    path.write_text("x = 1  # first\n")
    link.symlink_to(path)
    assert item(path, "x = 1\n").has_same_code() and not item(path, "x = 2\n").has_same_code()
    assert not item(link, "x = 1\n").has_same_code() and not item(tmp_path / "c.py", "").has_same_code()
