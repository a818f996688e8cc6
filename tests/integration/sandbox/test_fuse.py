"""A host of the tests cannot take the machine down: a fork bomb ends at its fuse."""

from __future__ import annotations

import pytest

from tests.integration.hosts import HELPER, LAB
from tests.lab import fuse

# It ends what it has begun, however far it came.
BOMB = f"""\
import os, signal, time
pids = []
try:
    while len(pids) < {fuse.PROCESSES + 500}:
        if (pid := os.fork()) == 0:
            signal.pause()
        pids.append(pid)
except OSError:
    pass
for pid in pids:
    os.kill(pid, signal.SIGKILL)
print(len(pids))
"""


def test_a_fork_bomb_ends_at_the_fuse() -> None:
    if "pids" not in fuse.mounted():
        pytest.skip("the machine has no pids controller of cgroup v1")
    host = LAB.host(HELPER)
    done = host.run("python3 -", stdin=BOMB)
    assert 0 < int(done.stdout) < fuse.PROCESSES, done.stdout
    assert host.run("true").returncode == 0
