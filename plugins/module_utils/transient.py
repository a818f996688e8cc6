"""Transient units: what runs once, by systemd-run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

_SHARE = re.compile(r"(?<=[:,]size=)([0-9]+)%")  # of the memory


def command(unit: str, argv: Sequence[str], properties: Iterable[str], *options: str) -> list[str]:
    """The command that runs another one as a unit.

    Args:
        unit: its name.
        argv: the command, which is left as it is: systemd would put variables of its own in place of $NAME.
        properties: of the unit, as in lines of its section Service.
        options: of systemd-run.
    """
    lines = (f"--property={lasting(line)}" for line in properties)
    words = (word.replace("$", "$$") for word in argv)
    return ["systemd-run", "--quiet", f"--unit={unit}", *options, *lines, "--", *words]


def lasting(line: str) -> str:
    """A property that is the same after a daemon-reload, which may come at any time, as when a package is installed.

    systemd (252 to 257 at least) keeps a transient unit in a file, where it doubles each percent sign. It does not make
    one of two again in options of TemporaryFileSystem, and no unit starts with a size of 50%%; so it is in bytes here.
    """
    if not line.startswith("TemporaryFileSystem="):
        return line
    return _SHARE.sub(lambda share: str(_memory() * int(share[1]) // 100), line)


def _memory() -> int:
    """Bytes of memory that the kernel has, of which its own percentages are."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
