"""Running programs, with errors that say what the program said."""

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

_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # looked up here, not after a fork; a controller may be no Linux
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

    With `reads` it changes nothing and may outlive us; that it dies with us costs more than most programs that do.

    Raises:
        DeployError: the program is not there, did not end within `timeout` seconds, or printed too much.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            env=environment(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # It must not go on writing where the next run begins anew.
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
        subprocess.TimeoutExpired: it did not end within so many seconds, and was ended.
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
                        gone = len(kept[key.fd].popleft())
                        sizes[key.fd], left_out[key.fd] = sizes[key.fd] - gone, left_out[key.fd] + gone
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


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a program: our own, such as the address of a proxy, PATH and the like, and `given`."""
    return {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root", **(given or {})}


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
    """Runs a program that must succeed and gives its standard output; see :func:`attempt`.

    Raises:
        DeployError: it failed; the text ends with the last lines it printed.
    """
    result = run_unchecked(argv, env, cwd, timeout, reads)
    if result.returncode:
        raise DeployError(f"{' '.join(argv[:3])} … ended with status {result.returncode}:\n{last_lines(result)}")
    return result.stdout


@contextmanager
def start_reading(argv: Sequence[str]) -> Iterator[Iterator[str]]:
    """Yield what a program prints, line by line; it is ended when nobody reads on.

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
    """The end of what a program printed, preferring its standard error."""
    return "\n".join((result.stderr.strip() or result.stdout.strip()).splitlines()[-count:])
