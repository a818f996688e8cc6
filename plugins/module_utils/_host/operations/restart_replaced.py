"""Restarts what runs replaced libraries, without losing a request and without a controller; a timer starts it.

On the host it is started with `python3 -m`, by its dotted name.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.replaced_libraries import (
    NGINX,
    applications,
    describe_all,
    replaced_in,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart import restart_live
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import is_pending
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import REPLACE_NGINX, Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import ReplacedState

BY = "hardening"
LOCK_SECONDS = 3600.0  # a release with its watch, and an upgrade, have ended by then
NGINX_SECONDS = 120  # more than the program itself waits
ROUNDS = 3  # an upgrade that ends while services are restarted replaces their libraries once more
# dpkg holds one of them while it is at work: dpkg(1). apt holds the first during all of an upgrade.
DPKG_LOCKS = (Path("/var/lib/dpkg/lock-frontend"), Path("/var/lib/dpkg/lock"))
SHUTDOWN = Path("/run/systemd/shutdown/scheduled")  # shutdown(8) writes it
_POLL = 0.5


def pending_restarts() -> dict[str, ReplacedState]:
    """Return what a restart would restart now: applications by their names, and nginx."""
    return describe_all()


def restart_all() -> list[str]:
    """Restart nginx and all applications that run replaced files; return what went wrong.

    WebSockets that the former nginx still has end with the applications, and it ends with them. No application is
    restarted after one that does not serve again: the others may need the same library.
    """
    tried: set[str] = set()
    problems: list[str] = []
    for _round in range(ROUNDS):
        wait_for_upgrades()
        if SHUTDOWN.exists():
            _say("nothing is restarted: the host itself is about to")
            break
        found = in_order(describe_all(), tried)
        for name in found:
            tried.add(name)
            try:
                replace_nginx() if name == NGINX else restart_application(Layout(name))
            except (DeployError, OSError) as error:
                problems.append(str(error))
                if name != NGINX:
                    return problems
        if not found:
            break
    return problems


def in_order(found: Iterable[str], tried: Collection[str]) -> list[str]:
    """Return what is restarted next: nginx first, and nothing that was tried before."""
    return sorted((name for name in found if name not in tried), key=lambda name: (name != NGINX, name))


def restart_application(app: Layout, lock_timeout: float = LOCK_SECONDS) -> bool:
    """Restart an application if its live release runs replaced files once no run is at work on it.

    Returns:
        Whether it was restarted. A release that another run has put live runs what is there, and one that is paused
        would lose the requests that wait.

    Raises:
        DeployError: a run is at work for too long, or it does not serve again.
    """
    store = Store(app)
    with store.lock(lock_timeout, BY):
        release, replaced = store.live(), replaced_in([app]).get(app.app)
        if release is None or replaced is None:
            return False
        try:
            refuse_held(app, release)
        except DeployError as held:
            _say(f"{held}; it is not restarted")
            return False
        restart_live(store, release, BY)
    log_to_journal(f"{app.app}: restarted, since an upgrade had replaced {', '.join(replaced.paths)}")
    return True


def replace_nginx(lock_timeout: float = LOCK_SECONDS) -> None:
    """Replace the nginx that runs by a new one, while no run is at work on an application.

    Raises:
        DeployError: a run is at work for too long, or the new nginx does not serve; then the former one goes on.
    """
    if not Path(REPLACE_NGINX).exists():  # not ours
        return
    with ExitStack() as locks:
        _lock_all(locks, lock_timeout)
        if is_pending("nginx.service"):
            raise DeployError("nginx has not read its files yet, since a run was cut off; run asgi.deploy.site")
        run([str(REPLACE_NGINX), "replace"], timeout=NGINX_SECONDS)
    log_to_journal("nginx: replaced by a new one, since an upgrade had replaced its libraries")


def _lock_all(locks: ExitStack, seconds: float) -> None:
    """Lock all applications; while one is locked by a run, none is, so that runs for the others go on.

    Raises:
        DeployError: a run is at work for too long.
    """
    deadline, waits = time.monotonic() + seconds, False
    while True:
        with ExitStack() as tried:
            try:
                for app in applications():
                    tried.enter_context(Store(app).lock(0, BY))
            except DeployError as error:
                if time.monotonic() > deadline:
                    raise
                if not waits:
                    _say(f"nginx waits: {error}")
                waits = True
            else:
                locks.push(tried.pop_all())
                return
        time.sleep(_POLL)


def wait_for_upgrades(seconds: float = LOCK_SECONDS) -> None:
    """Wait until dpkg is not at work.

    Raises:
        DeployError: it is for too long.
    """
    deadline = time.monotonic() + seconds
    while not all(map(_is_free, DPKG_LOCKS)):
        if time.monotonic() > deadline:
            raise DeployError(f"an upgrade of packages has not ended after {seconds:.0f} s")
        time.sleep(_POLL)


def _is_free(lock: Path) -> bool:
    """Return whether a lock of dpkg is not held; it is not kept."""
    if not lock.exists():
        return True
    with lock.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _say(text: str) -> None:
    """Write a line for the journal of the service."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Restart what has to be, and return the status to end with."""
    os.umask(0o022)
    try:
        problems = restart_all()
    except DeployError as error:
        problems = [str(error)]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
