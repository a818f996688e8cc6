"""Reloads of nginx for certificates that changed: one for a run, at a quiet moment, and only for those that it serves.

A reload ends connections that visitors keep open, and a request that is on its way over one of them is lost. So there
are as few reloads as possible, while as few visitors as possible are connected.
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
"""In the environment of a run that reloads nginx at its end, and so of certbot and its hook."""
WINDOW = 60.0
"""Seconds in which a run of the timer waits for a quiet moment. Other runs do not: someone waits for them."""


@contextmanager
def defer_reload() -> Iterator[None]:
    """Reload nginx neither in the block nor in certbot's hook."""
    os.environ[DEFERRED] = "1"
    try:
        yield
    finally:
        del os.environ[DEFERRED]


def write_served(texts: Mapping[Path, bytes]) -> None:
    """Write files that nginx reads, and reload it, or mark it as pending."""
    read = any(reads(str(path)) for path in texts)
    if read:
        mark_pending(NGINX)
    for path, text in texts.items():
        write(path, text, 0o600)
    if read and DEFERRED not in os.environ:
        reload_nginx()


def reload_if_pending(window: float = 0.0) -> bool:
    """Reload nginx if it is marked as pending, at a quiet moment; return whether it was.

    Args:
        window: seconds in which to wait for a quiet moment.

    Raises:
        DeployError: nginx refuses its configuration.
    """
    if not is_pending(NGINX):
        return False
    quiet.wait_until_quiet(window)
    reload_nginx()
    return True


def reload_nginx() -> None:
    """Reload nginx now, if it runs; see :func:`reload_if_pending`."""
    if systemd.show(NGINX)[0].up:
        if (checked := _configuration()).returncode:
            raise DeployError(
                f"nginx refuses its configuration, and continues with the former one:\n{last_lines(checked)}"
            )
        nginx.reload_and_wait(NGINX)
    mark_applied(NGINX)


def reads(path: str) -> bool:
    """Return whether nginx runs and its configuration names a file, or any file of a folder that ends with a slash.

    A configuration that nginx refuses counts, too: it may refuse it because this file is missing.
    """
    if not systemd.show(NGINX)[0].up:
        return False
    shown = _configuration()
    return bool(shown.returncode) or path in shown.stdout


def _configuration() -> CompletedProcess[str]:
    return run_unchecked(["nginx", "-T", "-q"])
