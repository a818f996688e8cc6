"""How nginx takes certificates that changed: all of a run at once, at a quiet moment, and only those that it serves.

A reload ends connections that visitors keep, and a request that is on its way on one of them is lost. So there are as
few reloads as can be, while as few are connected as can be.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import (
    is_pending,
    mark_applied,
    mark_pending,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.web import nginx, quiet
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

NGINX = "nginx.service"
DEFERRED = "ASGI_NGINX_TAKES_LATER"
"""In the environment of a run that takes all at its end, and so of certbot and its hook."""
WINDOW = 60.0
"""Seconds within which a run of the timer looks for a quiet moment. Somebody waits for other runs: they do not."""


@contextmanager
def defer_reload() -> Iterator[None]:
    """Leave nginx with what it has within the block, in certbot's hook as well."""
    os.environ[DEFERRED] = "1"
    try:
        yield
    finally:
        del os.environ[DEFERRED]


def write_served(texts: Mapping[Path, bytes]) -> None:
    """Write files that nginx reads, and have it take them, or mark them as what it has yet to take."""
    named = any(reads(str(path)) for path in texts)
    if named:
        mark_pending(NGINX)
    for path, text in texts.items():
        write(path, text, 0o600)
    if named and DEFERRED not in os.environ:
        reload_nginx()


def note_renewed(lineage: str) -> None:
    """Have nginx take what certbot renewed for somebody else, in its own folder, if nginx reads it there."""
    if reads(f"{lineage}/"):
        mark_pending(NGINX)
        if DEFERRED not in os.environ:
            reload_nginx()


def reload_if_pending(window: float = 0.0) -> bool:
    """Have nginx take what was marked, at a quiet moment within so many seconds; return whether there was any.

    Raises:
        DeployError: nginx refuses its configuration.
    """
    if not is_pending(NGINX):
        return False
    quiet.wait_until_quiet(window)
    reload_nginx()
    return True


def reload_nginx() -> None:
    """Have nginx take its configuration and certificates now, if it runs; see :func:`take_pending`."""
    if systemd.show(NGINX)[0].up:
        if (checked := _configuration()).returncode:
            raise DeployError(f"nginx refuses its configuration, and goes on with what it has:\n{last_lines(checked)}")
        nginx.reload_and_wait(NGINX)
    mark_applied(NGINX)


def reads(path: str) -> bool:
    """Tell whether nginx runs and its configuration names a file, or one in a folder that ends with a slash.

    A configuration that nginx refuses may lack just this file.
    """
    if not systemd.show(NGINX)[0].up:
        return False
    shown = _configuration()
    return bool(shown.returncode) or path in shown.stdout


def _configuration() -> CompletedProcess[str]:
    return run_unchecked(["nginx", "-T", "-q"])
