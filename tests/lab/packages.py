"""Debian packages that the machine itself needs."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.lab import sources
from tests.lab.process import LabError, run
from tests.lab.state import CACHE, locked

HOSTS = (
    "ca-certificates",
    "debian-archive-keyring",
    "iproute2",
    "mmdebstrap",
    "nftables",
    "openssh-client",
    "openssl",
    "systemd-container",
)
ACME = ("pebble",)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
GIT = ("git",)


def missing(names: tuple[str, ...]) -> list[str]:
    """Return those of the packages that are not installed."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names]
    rows = [line.split() for line in run(query, check=False).stdout.splitlines()]
    present = {row[0] for row in rows if row[1:] == ["installed"]}
    return [name for name in names if name not in present]


def ensure(names: tuple[str, ...]) -> list[str]:
    """Install what is missing; return what was installed."""
    if not shutil.which("dpkg-query"):
        raise LabError(f"not a Debian system; install by hand what corresponds to: {' '.join(names)}")
    absent = missing(names)
    if not absent:
        return []
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "-y", "--no-install-recommends", *absent]
    if run(install, timeout=600, check=False, env=env).returncode:
        # Most often the package lists are missing or old.
        run([*apt, "update"], timeout=300, env=env)
        run(install, timeout=600, env=env)
    return absent


def pebble_of_testing() -> Path:
    """Return the program of Debian testing's package, unpacked into the cache and not installed: 2.10 or newer is
    required.
    """
    folder = CACHE / "pebble-of-testing"
    program = folder / "usr" / "bin" / "pebble"
    with locked(CACHE / ".pebble-of-testing.lock"):
        if program.exists():
            return program
        scratch = Path(tempfile.mkdtemp(prefix=".pebble-", dir=CACHE))
        try:
            # apt with lists of its own: the machine's own sources stay what they are.
            (scratch / "lists" / "partial").mkdir(parents=True)
            lines = sources.lines_for("testing", sources.machine_sources())[:1]
            if not lines:
                raise LabError("apt's sources on this machine name no archive of Debian, where its testing would be")
            archive = lines[0].split()[1]
            (scratch / "sources.list").write_text(f"deb [signed-by={KEYRING}] {archive} testing main\n")
            options = {
                "Dir::Etc::sourcelist": scratch / "sources.list",
                "Dir::Etc::sourceparts": "/dev/null",
                "Dir::State::lists": scratch / "lists",
                "APT::Sandbox::User": "root",
            }
            apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
            run([*apt, "update"], timeout=300)
            # apt downloads into the folder where it runs.
            run(["env", f"--chdir={scratch}", *apt, "download", "pebble"], timeout=300)
            (package,) = scratch.glob("pebble_*.deb")
            run(["dpkg-deb", "--extract", str(package), str(scratch / "root")])
            (scratch / "root").rename(folder)
        finally:
            shutil.rmtree(scratch)
    return program
