"""Debian packages that the machine itself needs."""

from __future__ import annotations

import os
import shutil

from tests.lab.process import LabError, run

HOSTS = (
    "ca-certificates",
    "debian-archive-keyring",
    "iproute2",
    "mmdebstrap",
    "nftables",
    "openssh-client",
    "systemd-container",
)
ACME = ("openssl", "pebble")
GIT = ("git",)


def missing(names: tuple[str, ...]) -> list[str]:
    """Those of the packages that are not installed."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names]
    rows = [line.split() for line in run(query, check=False).stdout.splitlines()]
    present = {row[0] for row in rows if row[1:] == ["installed"]}
    return [name for name in names if name not in present]


def ensure(names: tuple[str, ...]) -> list[str]:
    """Install what is missing; returns what was installed."""
    if not shutil.which("dpkg-query"):
        raise LabError(f"not a Debian system; install by hand what corresponds to: {' '.join(names)}")
    wanted = missing(names)
    if not wanted:
        return []
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "-y", "--no-install-recommends", *wanted]
    if run(install, timeout=600, check=False, env=env).returncode:
        # Most often the package lists are missing or old.
        run([*apt, "update"], timeout=300, env=env)
        run(install, timeout=600, env=env)
    return wanted
