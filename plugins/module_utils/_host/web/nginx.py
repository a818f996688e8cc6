"""Reloads of nginx. It reloads on a signal, and reports neither whether it succeeded nor when it has."""

from __future__ import annotations

import time
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX_PID

UNIT = "nginx.service"
PID_FILE = Path(NGINX_PID)
_RELOAD_SECONDS = 30.0
"""nginx itself tries for 2.5 s to get a port that another program holds: TRIES of ngx_open_listening_sockets."""
_SERVING_TITLE = b"nginx: worker process"
"""The title of a worker until it begins to end; from then on it accepts no connection."""


def reload_and_wait(name: str) -> None:
    """Reload a service, or start it if it does not run.

    When this returns, no worker of nginx accepts a connection by the former configuration. For another service it
    returns when the command for its reload has ended.

    Raises:
        DeployError: it failed, or nginx continues with its former configuration; the text ends with the service's log.
    """
    unit = systemd.show(name)[0]
    before = serving_workers(unit)
    log = _log(unit)
    begins = _size(log)
    systemd.reload_or_start(name)
    deadline = time.monotonic() + _RELOAD_SECONDS
    while before & serving_workers(unit):
        if time.monotonic() > deadline:
            raise DeployError(
                f"{name} got the signal to reload, and continues with its former configuration:\n{_end(log, begins)}"
            )
        time.sleep(0.02)


def master_process() -> int:
    """Return the process of nginx that takes signals and has the workers that accept connections; 0 if none runs.

    It is not the one that systemd knows while an nginx that was replaced waits for the end of its last connections.
    """
    try:
        return int(PID_FILE.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def serving_workers(unit: Unit, proc: Path = Path("/proc")) -> set[int]:
    """Return the workers of nginx that accept connections; none for another service, or one that does not run."""
    main = _main(unit)
    try:
        children = (proc / main / "task" / main / "children").read_text(encoding="ascii").split()
    except OSError:
        return set()
    return {int(child) for child in children if _title(proc / child) == _SERVING_TITLE}


def _title(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes().split(b"\0", 1)[0]
    except OSError:  # it has ended
        return b""


def _log(unit: Unit) -> Path:
    """Return the error log of nginx: its main process has it as its standard error."""
    return Path("/proc", _main(unit), "fd", "2")


def _main(unit: Unit) -> str:
    return str((master_process() if unit.name == UNIT else 0) or unit.properties.get("MainPID", "0"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _end(file: Path, begins: int, lines: int = 15) -> str:
    """Return the last lines of a file, without its first bytes.

    Args:
        file: the file.
        begins: how many bytes to leave out.
        lines: how many lines at most.
    """
    try:
        with file.open("rb") as stream:
            stream.seek(begins)
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"its log cannot be read ({error})"
