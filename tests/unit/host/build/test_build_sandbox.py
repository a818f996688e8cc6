"""What builds environments is told by no property, and what it leaves is harmless."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import lost, surroundings, take_back

SETUID_FOR_ALL = 0o4777


def test_what_is_about_root_is_left_out() -> None:
    ours = {"HOME": "/root", "SUDO_USER": "ada", "XDG_RUNTIME_DIR": "/run/user/0", "TMPDIR": "/root/tmp"}
    found = surroundings({**ours, "https_proxy": "http://proxy:3128"}, Path("/cache"), {"UV_NO_PROGRESS": "1"})
    assert not {"SUDO_USER", "XDG_RUNTIME_DIR", "TMPDIR"} & found.keys()
    assert (found["HOME"], found["https_proxy"], found["UV_NO_PROGRESS"]) == ("/cache", "http://proxy:3128", "1")


def test_what_was_lent_comes_back_harmless(tmp_path: Path) -> None:
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
    take_back(tree, os.getuid())
    assert not (tree / "pipe").exists()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tree / "bin", tree / "bin" / "program")] == [0o755, 0o755]
    assert (tree / "link").is_symlink() and stat.S_IMODE(outside.stat().st_mode) == 0o666


@pytest.mark.parametrize(
    ("stderr", "is_lost"),
    [
        ("Failed to start transient service unit: Message recipient disconnected\n", True),
        ("Resolved 3 packages\nFailed to query unit state: Connection reset by peer\n", True),
        ("error: Failed to fetch: Connection reset by peer\n", False),
    ],
)
def test_a_program_that_systemd_forgot(stderr: str, is_lost: bool) -> None:
    assert lost(CompletedProcess([], 0, "", stderr)) == is_lost
