"""Where a host is put so that it cannot take the machine down."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.lab import fuse, runner

HYBRID = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,nosuid,xattr,name=systemd 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,nosuid,pids 0 0
"""


def test_hierarchies() -> None:
    actual = fuse.hierarchies(HYBRID)
    assert actual == {"memory": Path("/sys/fs/cgroup/memory"), "pids": Path("/sys/fs/cgroup/pids")}
    assert fuse.hierarchies("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n") == {}


@pytest.mark.parametrize("count", [0, 2])
def test_the_first_process_enters_its_groups(tmp_path: Path, count: int) -> None:
    """And none where the machine has no such hierarchies; folders stand for groups."""
    groups = [tmp_path / f"fuse{number}" for number in range(count)]
    for group in groups:
        group.mkdir()
    unified = tmp_path / "group"
    unified.mkdir()
    (unified / "pids.max").write_text("max\n")
    script = runner.SUPERVISOR.replace('find "$cgroup" -depth -type d -exec rmdir {} +', "true")
    argv = ["sh", "-c", script, "asgi-lab", str(unified), str(count), *map(str, groups), "sh", "-c", 'echo "$$ $1"']
    done = subprocess.run([*argv, "sh", "argument"], capture_output=True, text=True, check=False)
    pid, argument = done.stdout.split()
    assert argument == "argument"
    assert {(group / "cgroup.procs").read_text().strip() for group in (unified, *groups)} == {pid}
    assert (unified / "pids.max").read_text() == f"{fuse.PROCESSES}\n"
