"""What is said of an application that is stopped on a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.files import files_of_other_proxy


def text(plan: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return since when it is stopped, and what comes after; empty when it is not.

    Args:
        plan: the application's.
        found: what the look at its release found.
    """
    if not found.get("stopped"):
        return ""
    live, waiting = found.get("before"), found.get("release") or plan["version"]
    if waiting == live:
        return f"{found['stopped']}; asgi.deploy.start starts {live}"
    return f"{found['stopped']}; {waiting} waits: asgi.deploy.start starts {live}, and asgi.deploy.site then releases"


def leave_proxy(plan: dict[str, Any], found: dict[str, Any]) -> None:
    """Leave the files by which visitors come to an application that is stopped; its next release takes them away.

    Args:
        plan: the application's, in which it is noted.
        found: what differs on the host.
    """
    kept = files_of_other_proxy(plan)
    plan["stopped"] = True
    found["drift"] = [path for path in found.get("drift", ()) if path not in kept]


def refusal(found: Mapping[str, Any]) -> str:
    """Return why nothing is released."""
    return f"{found['stopped']}; run asgi.deploy.start first"


def change(found: Mapping[str, Any]) -> str:
    """Return what would change of its release all the same, in words; empty if nothing would."""
    if found["changed"]:
        return "stays as it is; the rules for the cloud's metadata service would change"
    return "" if found["noted"] else "would be started by other settings of its gate"
