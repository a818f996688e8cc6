"""The decision which releases and environments stay on a host."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class KeptRelease:
    """A release on disk.

    Attributes:
        release: its name.
        created: when it was prepared, in seconds of the epoch; 0 if it never was completely.
        venv: the name of its environment, if that is known.
        good: whether it can serve.
        superseded: whether a newer generation of it is complete; then it stays only while something needs it.
    """

    release: str
    created: float
    venv: str | None
    good: bool = True
    superseded: bool = False


def releases_to_prune(releases: Collection[KeptRelease], keep: int, protected: Collection[str]) -> list[str]:
    """Return the releases to remove: all but the newest `keep`, and never a protected one.

    A release that failed takes no place from one that can serve.

    Args:
        releases: those on disk.
        keep: how many stay.
        protected: those that are needed, such as the live one, the previous one, and those that drain.
    """
    newest_first = sorted(releases, key=lambda kept: (kept.good, kept.created, kept.release), reverse=True)
    stay = {kept.release for kept in [kept for kept in newest_first if not kept.superseded][:keep]} | set(protected)
    return [kept.release for kept in newest_first if kept.release not in stay]


def unused_venvs(venvs: Collection[str], releases: Collection[KeptRelease], removed: Collection[str]) -> list[str]:
    """Return the environments that no remaining release uses."""
    used = {kept.venv for kept in releases if kept.release not in removed}
    return sorted(venv for venv in venvs if venv not in used)
