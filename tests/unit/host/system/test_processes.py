"""Processes of a service: who descends from whom."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.processes import (
    descendants,
    identity,
    is_running,
    parents,
)

PARENTS = {1: 0, 10: 1, 11: 10, 12: 10, 13: 12, 20: 1, 21: 20}


@pytest.mark.parametrize(
    ("main", "members"),
    [
        (10, {10, 11, 12, 13}),
        (12, {12, 13}),
        (13, {13}),
        (20, {20, 21}),
        (1, set(PARENTS)),
        (99, set()),
    ],
)
def test_family(main: int, members: set[int]) -> None:
    assert descendants(main, PARENTS) == members


def test_family_of_no_process() -> None:
    assert descendants(1, {}) == set()


def test_a_process_is_known_by_more_than_its_number() -> None:
    me = identity(os.getpid())
    assert is_running(me)
    pid, start, boot = me.split()
    assert not is_running(f"{pid} {int(start) + 1} {boot}")
    assert not is_running(f"{pid} {start} another-boot")
    assert not is_running("")
    assert identity(2**22 + 1) == ""


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[str]]:
    """Yield another process that has said that it is ready."""
    argv = [sys.executable, "-c", f"{code}\nprint('ready', flush=True)\nimport sys; sys.stdin.read()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_parents() -> None:
    """A process may give itself a name that looks like other fields."""
    rename = "open('/proc/self/comm', 'w').write('a) R 1 (b')"
    with child(rename) as process:
        actual = parents()
        assert actual[process.pid] == os.getpid()
        assert actual[os.getpid()] == os.getppid()
        assert process.pid in descendants(os.getpid(), actual)
        assert os.getpid() not in descendants(process.pid, actual)
