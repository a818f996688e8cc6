"""Running commands with a bound on time, and ending exactly the processes that this package started.

A bare pid is not an identity: it may have been given to another process since it was written to a file. A
process is therefore known by pid, start time and boot, and signalled through a pidfd.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class LabError(Exception):
    """A step of the lab failed; the text says which one and shows what it left behind."""


def run(
    argv: Sequence[str],
    *,
    timeout: float = 60,
    check: bool = True,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; with ``check``, a failure is a LabError that shows its output."""
    try:
        done = subprocess.run(
            list(argv),
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            env=env,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"no end after {timeout:.0f} s: {' '.join(argv)}") from error
    if check and done.returncode:
        raise LabError(f"exit {done.returncode}: {' '.join(argv)}\n{tail(done.stdout + done.stderr, 20)}")
    return done


def tail(text: str, lines: int) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.strip().splitlines()[-lines:])


def wait_for(what: Callable[[], bool], timeout: float, pause: float = 0.05) -> bool:
    """Poll until ``what`` holds; False when it did not in time."""
    deadline = time.monotonic() + timeout
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def boot_id() -> str:
    """Name of this boot of the machine: pids and start times mean nothing across boots."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """Start of a process in clock ticks since boot; None when there is none, or only its zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[19])


@dataclass(frozen=True)
class Process:
    """One certain process, not merely any that has its pid now."""

    pid: int
    start: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """Return the living process that has this pid now."""
        start = start_time(pid)
        return None if start is None else cls(pid, start, boot_id())

    @property
    def alive(self) -> bool:
        """Return whether this very process still runs."""
        return self.boot == boot_id() and start_time(self.pid) == self.start

    def send(self, number: int) -> None:
        """Send a signal, if the process is still the one meant."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            # The pidfd pins the process: once the start time is checked, it cannot become another one.
            if self.alive:
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)

    def wait(self, timeout: float) -> bool:
        """Wait for its end, whatever its parent is; False when it still runs."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            return not self.alive or bool(select.select([handle], [], [], timeout)[0])
        finally:
            os.close(handle)

    def end(self, patience: float = 5) -> None:
        """Ask it to end, then make it."""
        self.send(signal.SIGTERM)
        if not self.wait(patience):
            self.send(signal.SIGKILL)
            if not self.wait(10):
                raise LabError(f"process {self.pid} survives SIGKILL")
