"""Shapes of what a host reports of itself. Times are seconds of the epoch, and memory is in bytes."""

from __future__ import annotations

from typing import TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import (
    ReplacedState,
    RestartTime,
    SystemFacts,
)


class HostStatus(TypedDict):
    """The status of a host.

    Attributes:
        now: its clock.
        memory_available: bytes that programs can still get.
        memory_total: bytes in all.
        disk_free: bytes that are free where releases are.
        disk_total: bytes in all there.
        firewall: whether the firewall's rules are in the kernel; None if the host has none of ours.
        replaced: what runs replaced libraries: applications by their names, and nginx.
        restart: when that is restarted.
        system: the facts of its system, and the versions of its programs.
    """

    now: float
    memory_available: int
    memory_total: int
    disk_free: int
    disk_total: int
    firewall: bool | None
    replaced: dict[str, ReplacedState]
    restart: RestartTime
    system: SystemFacts
