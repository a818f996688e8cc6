"""nginx takes a new configuration: told so by a signal, it says to nobody whether it did, and when."""

from __future__ import annotations

import time
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_TAKEN_WITHIN = 30.0
"""Seconds. nginx itself tries for 2.5 to get a port that another program holds: TRIES of ngx_open_listening_sockets."""
_SERVES = b"nginx: worker process"
"""What a worker calls itself until it is told to end; from then on it takes no connection."""


def reload_and_wait(name: str) -> None:
    """Has a service take its new configuration without stopping, and starts it where it does not run.

    When this returns, no worker of nginx takes a connection by the configuration of before. Of other services it
    returns when their command for it has ended.

    Raises:
        DeployError: it failed, or nginx goes on with what it had; the text tells why, in the service's own words.
    """
    unit = systemd.show(name)[0]
    before = serving_workers(unit)
    log = _log(unit)
    begins = _size(log)
    systemd.reload_or_start(name)
    deadline = time.monotonic() + _TAKEN_WITHIN
    while before & serving_workers(unit):
        if time.monotonic() > deadline:
            raise DeployError(f"{name} was told to reload, and goes on with what it had:\n{_end(log, begins)}")
        time.sleep(0.02)


def serving_workers(unit: Unit, proc: Path = Path("/proc")) -> set[int]:
    """The workers of nginx that take connections; nothing for a service that is not nginx, or does not run."""
    main = unit.properties.get("MainPID", "0")
    try:
        children = (proc / main / "task" / main / "children").read_text(encoding="ascii").split()
    except OSError:
        return set()
    return {int(child) for child in children if _title(proc / child) == _SERVES}


def _title(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes().split(b"\0", 1)[0]
    except OSError:  # it has ended meanwhile
        return b""


def _log(unit: Unit) -> Path:
    """Where nginx's main process writes what goes wrong: it has its error log for standard error."""
    return Path("/proc", unit.properties.get("MainPID", "0"), "fd", "2")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _end(file: Path, begins: int, lines: int = 15) -> str:
    """The last lines of what came after so many bytes."""
    try:
        with file.open("rb") as stream:
            stream.seek(begins)
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"its log cannot be read ({error})"
