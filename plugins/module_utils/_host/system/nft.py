"""Tables of nft: whether the kernel has them as they were loaded, and what their counters say."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_SECONDS = 30  # nft waits for the kernel only


def installed() -> bool:
    return bool(shutil.which("nft", path=PATH))


def is_loaded(table: str, listing: Path) -> bool:
    """Return whether the kernel has a table as it was when it was listed into a file, whatever its counters say."""
    if not listing.exists() or not installed():
        return False
    done = run_unchecked(
        ["nft", "--stateless", "--terse", "list", "table", "inet", table], timeout=_SECONDS, reads=True
    )
    return done.stdout == listing.read_text(encoding="utf-8")


def counters(table: str) -> dict[str, int]:
    """Return how many packets each counter of a table has counted; nothing where nft cannot tell.

    Counters only add to what is said of a release, and must not replace it.
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
        listed: list[dict[str, Any]] = json.loads(text)["nftables"]
        found = [entry["counter"] for entry in listed if "counter" in entry]
        return {str(one["name"]): int(one["packets"]) for one in found}
    except (ValueError, KeyError, TypeError):
        return {}


def reset_counters(table: str) -> None:
    """Set the counters of a table to zero, if it is there and nft answers."""
    if not installed():
        return
    with suppress(DeployError):
        run_unchecked(["nft", "reset", "counters", "table", "inet", table], timeout=_SECONDS)


def delete_table(table: str) -> None:
    """Delete a table, if it is there."""
    if installed():
        run_unchecked(["nft", f"add table inet {table}; delete table inet {table}"], timeout=_SECONDS)
