"""Whether another generation fits in memory."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.memory import (
    MIB,
    available,
    parse_kib,
    refusal,
    used_by,
)

MEMINFO = """\
MemTotal:        4030560 kB
MemFree:          123456 kB
MemAvailable:    2015280 kB
HugePages_Total:       0
"""
SMAPS = """\
55d0c8a00000-7ffd1d5fe000 ---p 00000000 00:00 0                          [rollup]
Rss:               12345 kB
Pss:                6789 kB
Pss_Dirty:          4321 kB
SwapPss:              12 kB
"""


@pytest.mark.parametrize(
    ("text", "key", "actual"),
    [
        (MEMINFO, "MemAvailable", 2_015_280 * 1024),
        (MEMINFO, "MemFree", 123_456 * 1024),
        (MEMINFO, "Mem", 0),
        (MEMINFO, "HugePages_Total", 0),
        (SMAPS, "Pss", 6789 * 1024),
        ("", "Pss", 0),
    ],
)
def test_parse_kib(text: str, key: str, actual: int) -> None:
    assert parse_kib(text, key) == actual


def test_this_host() -> None:
    total = parse_kib(Path("/proc/meminfo").read_text(encoding="ascii"), "MemTotal")
    assert 0 < used_by([os.getpid()]) < total
    assert 0 < available() <= total


def test_processes_that_are_not_there() -> None:
    gone = 2**22 + 1  # above the greatest pid_max
    assert used_by([]) == used_by([gone]) == 0
    assert used_by([gone, os.getpid()]) > 0


@pytest.mark.parametrize(
    ("needed", "free", "draining", "text"),
    [
        pytest.param(300 * MIB, 300 * MIB, [], None, id="just fits"),
        pytest.param(0, 0, [], None, id="nothing is needed"),
        pytest.param(1, 2, ["v1"], None, id="fits, whatever drains"),
        pytest.param(
            300 * MIB,
            200 * MIB,
            [],
            "another generation needs about 300 MiB, as the live one uses; 200 MiB are available; "
            "lower workers, or add memory",
            id="too much",
        ),
        pytest.param(
            300 * MIB,
            200 * MIB,
            {"v2-b", "v1-a"},
            "another generation needs about 300 MiB, as the live one uses; 200 MiB are available; "
            "v1-a, v2-b still drain: wait for that, or lower drain_timeout",
            id="too much while others drain",
        ),
    ],
)
def test_refusal(needed: int, free: int, draining: Collection[str], text: str | None) -> None:
    assert refusal(needed, free, draining) == text
