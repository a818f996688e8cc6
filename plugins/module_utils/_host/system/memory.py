"""How much memory a host has, and whether a further generation of an application fits in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

MIB = 1024 * 1024


def parse_kib(text: str, key: str) -> int:
    """Bytes of a line such as ``MemAvailable:  123 kB`` in /proc/meminfo or /proc/PID/smaps_rollup."""
    found = re.search(rf"^{key}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def total() -> int:
    """Return the bytes of memory that the kernel has, of which systemd's percentages are."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def available() -> int:
    """Bytes that can be used without swapping, as the kernel estimates them."""
    return parse_kib(Path("/proc/meminfo").read_text(encoding="ascii"), "MemAvailable")


def used_by(processes: Iterable[int]) -> int:
    """Bytes of processes, of shared pages only their share; those that end meanwhile count nothing."""
    total = 0
    for process in processes:
        try:
            total += parse_kib(Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii"), "Pss")
        except OSError:
            continue
    return total


def refusal(needed: int, free: int, draining: Iterable[str]) -> str | None:
    """Why another generation must not be started; nothing when it fits.

    Args:
        needed: bytes that the live generation uses, as the measure of the next one.
        free: bytes that are available.
        draining: releases that still run for connections of theirs.
    """
    if needed <= free:
        return None
    still = ", ".join(sorted(draining))
    return (
        f"another generation needs about {needed // MIB} MiB, as the live one uses; {free // MIB} MiB are available; "
        + (f"{still} still drain: wait for that, or lower drain_timeout" if still else "lower workers, or add memory")
    )
