"""Which releases stay on a host."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class KeptRelease:
    """A release on disk: its id, when it was prepared (seconds since the epoch), its venv, and whether it can serve.

    One that is superseded stays only while something needs it.
    """

    release: str
    created: float
    venv: str | None
    good: bool = True
    superseded: bool = False  # by another generation of it, which is complete


def releases_to_prune(releases: Collection[KeptRelease], keep: int, protected: Collection[str]) -> list[str]:
    """The releases to remove: all but the newest `keep`; never a protected one (live, the one before, draining).

    One that failed takes no place from one that can serve.
    """
    newest_first = sorted(releases, key=lambda kept: (kept.good, kept.created, kept.release), reverse=True)
    stay = {kept.release for kept in [one for one in newest_first if not one.superseded][:keep]} | set(protected)
    return [kept.release for kept in newest_first if kept.release not in stay]


def unused_venvs(venvs: Collection[str], releases: Collection[KeptRelease], removed: Collection[str]) -> list[str]:
    """The venvs that no remaining release uses."""
    used = {kept.venv for kept in releases if kept.release not in removed}
    return sorted(venv for venv in venvs if venv not in used)
