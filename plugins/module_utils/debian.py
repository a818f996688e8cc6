"""Debian packages, by dpkg and apt-get alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt, last_lines, run
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError

LISTS = Path("/var/lib/apt/lists")
FRESH = 3600.0  # seconds for which package lists are good enough
# Asks nobody, and keeps what an administrator has changed.
KEEP = ("--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold")
ENV = {"DEBIAN_FRONTEND": "noninteractive"}
INSTALL_SECONDS = 1800
_CUT_OFF = "dpkg was interrupted"  # what apt-get says after a power cut, and does nothing more
WAIT = "--option=DPkg::Lock::Timeout=300"  # a new VM often runs its first upgrades just now


def missing(names: Sequence[str]) -> list[str]:
    """Those of the packages that are not installed."""
    if not names:
        return []
    argv = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", "--", *names]
    listing = attempt(argv, reads=True).stdout
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def install(names: Sequence[str]) -> None:
    """Installs packages, with lists that are not older than an hour, once what was cut off before is finished.

    Raises:
        DeployError: apt-get failed; the text ends with what it said.
    """
    if not any(LISTS.glob("*_Packages*")) or time.time() - LISTS.stat().st_mtime > FRESH:
        run(["apt-get", WAIT, "--quiet", "update"], ENV)
    if "nginx" in names:
        _leave_out_the_welcome()
    argv = ["apt-get", WAIT, *KEEP, "--quiet", "--yes", "--no-install-recommends", "install", "--", *names]
    done = attempt(argv, ENV, timeout=INSTALL_SECONDS)
    if _CUT_OFF in done.stderr:
        run(["dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"], ENV, timeout=INSTALL_SECONDS)
        done = attempt(argv, ENV, timeout=INSTALL_SECONDS)
    if done.returncode:
        raise DeployError(f"apt-get install {' '.join(names)} failed:\n{last_lines(done)}")


def _leave_out_the_welcome() -> None:
    """Debian's nginx starts with a page of its own, and cannot be installed where IPv6 is off: that page listens there.

    Where there is a file already, the package leaves it as it is.
    """
    site = Path("/etc/nginx/sites-enabled/default")
    if not site.parent.exists():
        site.parent.mkdir(parents=True)
        site.touch()
