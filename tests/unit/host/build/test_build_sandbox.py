"""A build gets no property that reveals secrets, and what it leaves is harmless."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import (
    build_environment,
    chain_commands,
    is_lost,
    prepare_cache,
    reclaim,
)

SETUID_FOR_ALL = 0o4777


def test_what_is_about_root_is_left_out() -> None:
    ours = {"HOME": "/root", "SUDO_USER": "ada", "XDG_RUNTIME_DIR": "/run/user/0", "TMPDIR": "/root/tmp"}
    actual = build_environment({**ours, "https_proxy": "http://proxy:3128"}, Path("/cache"), {"UV_NO_PROGRESS": "1"})
    assert not {"SUDO_USER", "XDG_RUNTIME_DIR", "TMPDIR"} & actual.keys()
    assert (actual["HOME"], actual["https_proxy"], actual["UV_NO_PROGRESS"]) == ("/cache", "http://proxy:3128", "1")


def test_writable_folders_come_back_harmless(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch(mode=0o666)
    outside.chmod(0o666)
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "program").touch()
    (tree / "bin" / "program").chmod(SETUID_FOR_ALL)
    (tree / "bin").chmod(0o777)
    (tree / "link").symlink_to(outside)
    os.mkfifo(tree / "pipe")
    holes = tree / "holes"
    with holes.open("wb") as file:
        file.truncate(2**40)  # which would not fit
        file.seek(2**30)
        file.write(b"x")
    os.utime(tree / "bin" / "program", ns=(1, 1_700_000_000_123_456_789))
    with (tree / "bin" / "program").open("r+b") as handed_over:
        reclaim(tree, os.getuid())
        handed_over.write(b"evil")
    assert (tree / "bin" / "program").read_bytes() == b""
    assert (tree / "bin" / "program").stat().st_mtime_ns == 1_700_000_000_123_456_789
    assert (holes.stat().st_size, holes.stat().st_blocks < 1000) == (2**40, True)
    with holes.open("rb") as file:
        file.seek(2**30)
        assert file.read(2) == b"x\0"
    assert not (tree / "pipe").exists()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tree / "bin", tree / "bin" / "program")] == [0o755, 0o755]
    assert (tree / "link").is_symlink() and stat.S_IMODE(outside.stat().st_mode) == 0o666


@pytest.mark.parametrize(
    ("stderr", "forgotten"),
    [
        ("Failed to start transient service unit: Message recipient disconnected\n", True),
        ("Resolved 3 packages\nFailed to query unit state: Connection reset by peer\n", True),
        ("error: Failed to fetch: Connection reset by peer\n", False),
    ],
)
def test_a_program_that_systemd_forgot(stderr: str, forgotten: bool) -> None:
    assert is_lost(CompletedProcess([], 0, "", stderr)) == forgotten


def test_an_access_list_lets_no_one_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    (tree / "folder").mkdir(parents=True)
    lists = {tree / "folder": ["system.posix_acl_access"]}  # not every file system has them
    monkeypatch.setattr(os, "listxattr", lambda path: list(lists.get(path, [])))
    monkeypatch.setattr(os, "removexattr", lambda path, name: lists[path].remove(name))
    reclaim(tree, os.getuid())
    assert os.listxattr(tree / "folder") == []


def test_what_cannot_be_listed_is_not_passed_over(tmp_path: Path) -> None:
    """A path that is too long hides what is below."""
    here = os.open(tmp_path, os.O_DIRECTORY)
    try:
        for _ in range(20):
            os.mkdir("x" * 250, dir_fd=here)
            inner = os.open("x" * 250, os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
    finally:
        os.close(here)
    with pytest.raises(OSError, match="File name too long"):
        reclaim(tmp_path, os.getuid())


def test_the_cache_of_others_is_thrown_away_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "packages" / "shop"
    cache.mkdir(parents=True)
    (cache / "wheel").touch()
    user = pwd.getpwuid(os.getuid()).pw_name
    prepare_cache(cache, user)
    assert (cache / "wheel").exists()
    options: list[tuple[Path, str, str]] = []
    monkeypatch.setattr(shutil, "chown", lambda *arguments: options.append(arguments))  # only root can
    prepare_cache(cache, "nobody")
    assert list(cache.iterdir()) == []
    assert options == [(cache, "nobody", "nobody")]


@pytest.mark.parametrize(
    ("argv", "then", "status", "printed"),
    [
        (["echo", "a  'b' $c"], ["echo", "d $e"], 0, "a  'b' $c\nd $e\n"),
        (["echo", "a"], ["false"], 0, "a\n"),
        (["sh", "-c", "exit 7"], ["echo", "b"], 7, ""),
    ],
)
def test_one_after_another(argv: list[str], then: list[str], status: int, printed: str) -> None:
    """The end of the second does not count, and it is not run where the first one fails."""
    done = subprocess.run(chain_commands(argv, then), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (status, printed)
