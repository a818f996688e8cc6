"""The memory of a host, and whether another generation of an application fits in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

MIB = 1024 * 1024


def parse_kib(text: str, key: str) -> int:
    """Return the bytes in a line such as ``MemAvailable:  123 kB`` of /proc/meminfo or /proc/PID/smaps_rollup."""
    match = re.search(rf"^{key}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


def total() -> int:
    """Return the bytes of memory that the kernel has, which is what systemd's percentages refer to."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def available() -> int:
    """Return the bytes that can be used without swapping, as the kernel estimates them."""
    return parse_kib(Path("/proc/meminfo").read_text(encoding="ascii"), "MemAvailable")


def used_by(processes: Iterable[int]) -> int:
    """Return the bytes that processes use, with their share of shared pages; a process that has ended uses none."""
    total = 0
    for process in processes:
        try:
            total += parse_kib(Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii"), "Pss")
        except OSError:
            continue
    return total


def refusal(needed: int, free: int, draining: Iterable[str]) -> str | None:
    """Return why another generation must not be started; None if it fits.

    Args:
        needed: bytes that the live generation uses, as an estimate of the next one.
        free: bytes that are available.
        draining: releases that still serve their last connections.
    """
    if needed <= free:
        return None
    still = ", ".join(sorted(draining))
    return (
        f"another generation needs about {needed // MIB} MiB, as the live one uses; {free // MIB} MiB are available; "
        + (f"{still} still drain: wait for that, or lower drain_timeout" if still else "lower workers, or add memory")
    )
