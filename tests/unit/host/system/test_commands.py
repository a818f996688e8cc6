"""What programs print has a size, and programs have a time."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import commands
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import (
    outputs,
    run_unchecked,
    start_reading,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


def test_what_a_program_prints_is_returned() -> None:
    code = "import sys; print('a\\r\\nb'); sys.stderr.buffer.write(b'\\xff\\r'); sys.exit(3)"
    done = run_unchecked([sys.executable, "-c", code])
    assert (done.returncode, done.stdout, done.stderr) == (3, "a\nb\n", "\ufffd\n")


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(DeployError, match="no-such-program is not on this host"):
        run_unchecked(["no-such-program"])


@pytest.mark.parametrize("shell", ["sleep 60", "while :; do echo; sleep 0.1; done", "exec >&- 2>&-; sleep 60"])
def test_a_program_that_does_not_end(shell: str) -> None:
    began = time.monotonic()
    with pytest.raises(DeployError, match=r"sh -c .* did not end within 1 s"):
        run_unchecked(["sh", "-c", shell], timeout=1)
    assert time.monotonic() - began < 20


def test_a_program_that_prints_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read to its end, as it would not end otherwise, and the last of it is kept."""
    monkeypatch.setattr(commands, "MOST_OUTPUT", 100_000)
    with pytest.raises(DeployError, match="printed more than 100,000 bytes"):
        run_unchecked(["sh", "-c", "yes | head -c 1000000"])
    with subprocess.Popen(["sh", "-c", "yes | head -c 1000000; echo end"], stdout=-1, stderr=-1) as process:
        stdout, _stderr, left_out = outputs(process, most=100_000)
    assert stdout.endswith("end\n") and len(stdout) <= 100_000 and len(stdout) + left_out == 1_000_004


def test_a_line_that_is_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_LINE", 100)
    program = f"echo a; printf %0{1000}d 0; echo; echo b; printf %0{99}d 0; echo; printf c"
    with start_reading(["sh", "-c", program]) as lines:
        assert list(lines) == ["a\n", "b\n", "0" * 99 + "\n", "c"]
