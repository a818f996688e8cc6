"""How a command is run as a unit."""

from __future__ import annotations

import os

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils.transient import command, lasting

HALF = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def test_command() -> None:
    """Nothing is put in place of what looks like a variable."""
    argv = command("shop.service", ["/usr/bin/echo", "$HOME 100%"], ["User=shop"], "--pipe")
    assert argv == [
        *("systemd-run", "--quiet", "--unit=shop.service", "--pipe", "--property=User=shop"),
        *("--", "/usr/bin/echo", "$$HOME 100%"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("TemporaryFileSystem=/dev/shm:mode=1777,size=50%", f"TemporaryFileSystem=/dev/shm:mode=1777,size={HALF}"),
        ("TemporaryFileSystem=/dev/shm:size=50%,ro", f"TemporaryFileSystem=/dev/shm:size={HALF},ro"),
        ("TemporaryFileSystem=/srv:ro,size=64k", "TemporaryFileSystem=/srv:ro,size=64k"),
        # These are read back as they were.
        ("Environment=A=:size=50%", "Environment=A=:size=50%"),
        ("MemoryMax=50%", "MemoryMax=50%"),
    ],
)
def test_lasting(line: str, expected: str) -> None:
    assert lasting(line) == expected
