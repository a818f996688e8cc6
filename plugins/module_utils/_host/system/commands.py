"""Programs that are run, with errors that contain what the program printed."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # resolved here, not after a fork; a controller may not run Linux
_PR_SET_PDEATHSIG = 1  # of the kernel's uapi/linux/prctl.h
MOST_OUTPUT = 2**26  # bytes that are kept of what a program prints
MOST_LINE = 2**20  # bytes
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run_unchecked(
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    timeout: float = 600,
    reads: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its result, whatever its exit status.

    Args:
        argv: the program and its arguments.
        env: variables in addition to :func:`environment`.
        cwd: its working directory.
        timeout: seconds.
        reads: whether it changes nothing, so that it may outlive this process; to prevent that costs more time than
            most programs that only read.

    Raises:
        DeployError: the program does not exist, did not end within `timeout` seconds, or printed too much.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            env=environment(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # It must not go on writing while the next run starts again.
            preexec_fn=None if reads else _die_with_parent,
        )
    except FileNotFoundError as error:
        raise DeployError(f"{argv[0]} is not on this host") from error
    with process:
        try:
            stdout, stderr, left_out = outputs(process, timeout, MOST_OUTPUT)
        except subprocess.TimeoutExpired as error:
            raise DeployError(f"{' '.join(argv[:3])} … did not end within {timeout:.0f} s") from error
    if left_out:
        raise DeployError(f"{' '.join(argv[:3])} … printed more than {MOST_OUTPUT:,} bytes")
    return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)


def outputs(
    process: subprocess.Popen[bytes], timeout: float | None = None, most: int = MOST_OUTPUT
) -> tuple[str, str, int]:
    """Wait for a program's end, and return what it printed, of which the last `most` bytes each are kept.

    Returns:
        Its standard output and standard error, and how many bytes of the former were left out.

    Raises:
        subprocess.TimeoutExpired: it did not end within `timeout` seconds, and was killed.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    kept: dict[int, deque[bytes]] = {}
    sizes: dict[int, int] = {}
    streams = [stream.fileno() for stream in (process.stdout, process.stderr) if stream]
    left_out = dict.fromkeys(streams, 0)
    try:
        with selectors.DefaultSelector() as ready:
            for stream in streams:
                ready.register(stream, selectors.EVENT_READ)
                kept[stream], sizes[stream] = deque(), 0
            while ready.get_map():
                for key, _events in ready.select(_left(process, deadline)):
                    chunk = os.read(key.fd, 65_536)
                    if not chunk:
                        ready.unregister(key.fd)
                        continue
                    kept[key.fd].append(chunk)
                    sizes[key.fd] += len(chunk)
                    while sizes[key.fd] > most:
                        dropped = len(kept[key.fd].popleft())
                        sizes[key.fd], left_out[key.fd] = sizes[key.fd] - dropped, left_out[key.fd] + dropped
        process.wait(_left(process, deadline))
    except BaseException:
        process.kill()
        raise
    stdout, stderr = (_text(b"".join(kept[stream])) for stream in streams)
    return stdout, stderr, left_out[streams[0]]


def _left(process: subprocess.Popen[bytes], deadline: float | None) -> float | None:
    if deadline is None:
        return None
    if (left := deadline - time.monotonic()) <= 0:
        raise subprocess.TimeoutExpired(process.args, 0)
    return left


def _text(output: bytes) -> str:
    return output.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a program: that of this process, fixed PATH, LC_ALL and HOME, and `variables`."""
    return {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root", **(variables or {})}


def _die_with_parent() -> None:
    if _PRCTL:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run(
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    timeout: float = 600,
    reads: bool = False,
) -> str:
    """Run a program that must succeed, and return its standard output; see :func:`run_unchecked`.

    Raises:
        DeployError: it failed; the text ends with the last lines that it printed.
    """
    result = run_unchecked(argv, env, cwd, timeout, reads)
    if result.returncode:
        raise DeployError(f"{' '.join(argv[:3])} … ended with status {result.returncode}:\n{last_lines(result)}")
    return result.stdout


@contextmanager
def start_reading(argv: Sequence[str]) -> Iterator[Iterator[str]]:
    """Yield what a program prints, line by line; end the program when the block ends.

    Lines that are longer than `MOST_LINE` bytes are left out.
    """
    with subprocess.Popen(
        list(argv),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        preexec_fn=_die_with_parent,
    ) as process:
        try:
            yield _lines(process.stdout) if process.stdout else iter(())
        finally:
            process.terminate()


def _lines(stream: IO[bytes]) -> Iterator[str]:
    whole = True
    while line := stream.readline(MOST_LINE):
        ends = line.endswith(b"\n")
        if whole and (ends or len(line) < MOST_LINE):
            yield line.decode(errors="replace")
        whole = ends


def last_lines(result: subprocess.CompletedProcess[str], count: int = 20) -> str:
    """Return the last lines that a program printed to its standard error, or if there are none to its output."""
    return "\n".join((result.stderr.strip() or result.stdout.strip()).splitlines()[-count:])
