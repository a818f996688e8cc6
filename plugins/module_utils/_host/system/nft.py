"""Tables of nft: whether the kernel has them as they were loaded, and their counters."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_SECONDS = 30  # nft waits for the kernel only


class _Counter(TypedDict):
    """A counter, as nft prints it in JSON."""

    name: str
    packets: int


class _Entry(TypedDict, total=False):
    """An entry of a listing in JSON, of which only counters are read."""

    counter: _Counter


def installed() -> bool:
    """Return whether nft is on this host."""
    return bool(shutil.which("nft", path=PATH))


def is_loaded(table: str, listing: Path) -> bool:
    """Return whether the kernel has a table as it was when it was listed into a file, apart from its counters."""
    if not listing.exists() or not installed():
        return False
    done = run_unchecked(
        ["nft", "--stateless", "--terse", "list", "table", "inet", table], timeout=_SECONDS, reads=True
    )
    return done.stdout == listing.read_text(encoding="utf-8")


def counters(table: str) -> dict[str, int]:
    """Return how many packets each counter of a table has counted; none where nft fails.

    An error of nft is left out: counters only add to the report of a release.
    """
    if not installed():
        return {}
    try:
        done = run_unchecked(
            ["nft", "--json", "list", "counters", "table", "inet", table], timeout=_SECONDS, reads=True
        )
    except DeployError:
        return {}
    return {} if done.returncode else parse_counters(done.stdout)


def parse_counters(text: str) -> dict[str, int]:
    """Return the packets by counter, from what ``nft --json`` printed."""
    try:
        entries: list[_Entry] = json.loads(text)["nftables"]
        listed = [entry["counter"] for entry in entries if "counter" in entry]
        return {str(counter["name"]): int(counter["packets"]) for counter in listed}
    except (ValueError, KeyError, TypeError):
        return {}


def reset_counters(table: str) -> None:
    """Set the counters of a table to zero, if it exists and nft succeeds."""
    if not installed():
        return
    with suppress(DeployError):
        run_unchecked(["nft", "reset", "counters", "table", "inet", table], timeout=_SECONDS)


def delete_table(table: str) -> None:
    """Delete a table, if it exists."""
    if installed():
        run_unchecked(["nft", f"add table inet {table}; delete table inet {table}"], timeout=_SECONDS)
