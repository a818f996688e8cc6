"""Debian packages, by dpkg and apt-get alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt, run

LISTS = Path("/var/lib/apt/lists")
FRESH = 3600.0  # seconds for which package lists are good enough
ENV = {"DEBIAN_FRONTEND": "noninteractive"}
WAIT = "--option=DPkg::Lock::Timeout=300"  # a new VM often runs its first upgrades just now


def missing(names: Sequence[str]) -> list[str]:
    """Those of the packages that are not installed."""
    if not names:
        return []
    listing = attempt(["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", "--", *names]).stdout
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def install(names: Sequence[str]) -> None:
    """Installs packages, with lists that are not older than an hour.

    Raises:
        DeployError: apt-get failed; the text ends with what it said.
    """
    if not any(LISTS.glob("*_Packages*")) or time.time() - LISTS.stat().st_mtime > FRESH:
        run(["apt-get", WAIT, "--quiet", "update"], ENV)
    run(["apt-get", WAIT, "--quiet", "--yes", "--no-install-recommends", "install", "--", *names], ENV, timeout=1800)
