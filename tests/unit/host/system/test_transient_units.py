"""How a command is run as a unit."""

from __future__ import annotations

import os
import subprocess
import sys
from subprocess import CompletedProcess

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.transient_units import (
    command,
    lasting_property,
    with_journal,
)

HALF = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def test_command() -> None:
    argv = command("shop.service", ["/usr/bin/echo", "100%", "--a=b"], ["User=shop"], "--pipe")
    assert argv == [
        *("systemd-run", "--quiet", "--unit=shop.service", "--pipe", "--property=User=shop"),
        *("--", "/usr/bin/echo", "100%", "--a=b"),
    ]


@pytest.mark.parametrize("word", ["$HOME", "${HOME}", "import os; print()", ";", "", "it's", '"\\n"', "a\nb", "ü"])
def test_words_that_mean_something_to_systemd(word: str) -> None:
    """They are carried so that they mean nothing to it, and the program gets them as they were."""
    argv = command("shop.service", [sys.executable, "-c", "import sys; print(ascii(sys.argv[1:]))", word], [])
    carried = argv[argv.index("--") + 1 :]
    assert not any(set(item) & set("$;'\"\\") for item in carried)
    printed = subprocess.run(carried, check=True, capture_output=True, text=True).stdout
    assert printed.strip() == ascii([word])


def test_a_program_that_cannot_be_run() -> None:
    """As systemd has it: EXIT_EXEC of systemd.exec(5)."""
    argv = command("shop.service", ["/etc/passwd", "two words"], [])
    done = subprocess.run(argv[argv.index("--") + 1 :], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (203, "/etc/passwd Permission denied\n")


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
    assert lasting_property(line) == expected


@pytest.mark.parametrize(
    ("status", "printed", "message"),
    [
        (226, ("", ""), "why"),
        (1, ("", "no such package"), "no such package"),
        (1, ("shop requires foo<2", ""), ""),  # pip check prints what is wrong
        (1, ("", ""), ""),  # it had nothing to say
        (0, ("", ""), ""),
    ],
)
def test_what_did_not_run_says_why(
    monkeypatch: pytest.MonkeyPatch, status: int, printed: tuple[str, str], message: str
) -> None:
    monkeypatch.setattr(journal, "read", lambda *_asked: "why")
    assert with_journal(CompletedProcess([], status, *printed), "asgi-shop.build.service", 0).stderr == message
