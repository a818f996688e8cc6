"""Versions of installed programs, as their authors count them."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

# By the names of packages; libssl is what programs load.
_PACKAGES = {
    "nginx": "nginx",
    "libssl3": "openssl",
    "libssl3t64": "openssl",
    "openssh-server": "openssh",
    "systemd": "systemd",
}
_FORMAT = "${db:Status-Status} ${Package} ${Version}\\n"
_UPSTREAM = re.compile(r"(?:[0-9]+:)?([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})")


def installed() -> dict[str, str]:
    """Return the versions of programs that decisions depend on; those that are not installed are missing."""
    argv = ["dpkg-query", "--show", f"--showformat={_FORMAT}", *_PACKAGES]
    packages = ""
    with suppress(DeployError):  # a system without dpkg is refused by its name
        packages = run_unchecked(argv, reads=True).stdout  # a package that dpkg does not know is an error to it
    glibc = (os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2]
    python = ".".join(map(str, sys.version_info[:3]))
    found = {"python": upstream(python), "glibc": upstream(glibc), **of_packages(packages)}
    return {name: version for name, version in found.items() if version}


def of_packages(text: str) -> dict[str, str]:
    """Return the versions of programs, in lines with the state, the name and the version of a package.

    >>> of_packages("installed openssh-server 1:10.0p1-7+deb13u4\\nconfig-files nginx 1.26.3-3\\n")
    {'openssh': '10.0'}
    """
    rows = [line.split() for line in text.splitlines()]
    return {_PACKAGES[row[1]]: upstream(row[2]) for row in rows if len(row) == 3 and row[0] == "installed"}


def upstream(version: str) -> str:
    """Return the numbers of a version, without the epoch and the revision of a package.

    >>> upstream("1:10.0p1-7+deb13u4"), upstream("262~rc1-1"), upstream("")
    ('10.0', '262', '')
    """
    found = _UPSTREAM.match(version)
    return found[1] if found else ""
