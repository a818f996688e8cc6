"""Running programs, with errors that say what the program said."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # looked up here, not after a fork; a controller may be no Linux
_PR_SET_PDEATHSIG = 1  # of the kernel's uapi/linux/prctl.h
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def attempt(
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    timeout: float = 600,
    reads: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end and gives its result, whatever its exit status.

    With `reads` it changes nothing and may outlive us; that it dies with us costs more than most programs that do.

    Raises:
        DeployError: the program is not there, or did not end within `timeout` seconds.
    """
    try:
        return subprocess.run(
            list(argv),
            env=environment(env),
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            # It must not go on writing where the next run begins anew.
            preexec_fn=None if reads else _die_with_parent,
        )
    except FileNotFoundError as error:
        raise DeployError(f"{argv[0]} is not on this host") from error
    except subprocess.TimeoutExpired as error:
        raise DeployError(f"{' '.join(argv[:3])} … did not end within {timeout:.0f} s") from error


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
    result = attempt(argv, env, cwd, timeout, reads)
    if result.returncode:
        raise DeployError(f"{' '.join(argv[:3])} … ended with status {result.returncode}:\n{last_lines(result)}")
    return result.stdout


@contextmanager
def start_reading(argv: Sequence[str]) -> Iterator[Iterator[str]]:
    """What a program prints, line by line; it is ended when nobody reads on."""
    with subprocess.Popen(
        list(argv),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=_die_with_parent,
    ) as process:
        try:
            yield iter(process.stdout or ())
        finally:
            process.terminate()


def last_lines(result: subprocess.CompletedProcess[str], count: int = 20) -> str:
    """The end of what a program printed, preferring its standard error."""
    return "\n".join((result.stderr.strip() or result.stdout.strip()).splitlines()[-count:])
