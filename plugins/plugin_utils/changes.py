"""What a run would change on one host, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INDENT = "  "
_LISTS = {
    "missing_packages": "packages",
    "missing_users": "users",
    "drift": "files",
    "inactive_units": "units",
    "parts": "parts",
}


def changes(
    host: str,
    plan: Mapping[str, Any],
    observed: Mapping[str, Any],
    released: Mapping[str, Any],
    certificate: Mapping[str, Any],
) -> list[str]:
    """Lines of text.

    Args:
        host: its name.
        plan: an application's desired state, or that of a role for the host, of which the name alone matters.
        observed: what the role's look at the host found.
        released: what the release, or the removal, would be.
        certificate: what the certificate's look at the host found.
    """
    name = f"{host}: {plan['name']}"
    if plan.get("state") == "absent":
        return [_removal(name, plan, observed, released)]
    due = list(certificate.get("certificates_due", {}).values())
    told = {
        "release": _release(plan, released) if released else "",
        "certificate": due[0] if due else "",
        **{label: ", ".join(observed.get(key, [])) for key, label in _LISTS.items()},
    }
    wanted = {key: text for key, text in told.items() if text}
    if not wanted:
        return [f"{name}: nothing would change" + (f"; {released['release']} serves" if released else "")]
    if released:
        wanted["workers"] = f"{plan['workers']} ({plan['workers_reason']})"
    width = max(map(len, wanted))
    return [f"{name} would change", *(f"{_INDENT}{key.ljust(width)}  {text}" for key, text in wanted.items())]


def _removal(name: str, plan: Mapping[str, Any], observed: Mapping[str, Any], released: Mapping[str, Any]) -> str:
    if not (observed["present_users"] or observed["drift"] or released["changed"]):
        return f"{name}: nothing would change; it is not there"
    return f"{name} would be removed" + (", with its data" if plan["remove_data"] else ", its data kept")


def _release(plan: Mapping[str, Any], released: Mapping[str, Any]) -> str:
    """From what to what; the name of a release is known once its source has been looked at."""
    if not released["changed"]:
        return ""
    after = released["release"] or f"{plan['version']}, whose name is known once the host can look at its source"
    if released["release"] and released["before"] == released["release"]:
        return f"{after}, which serves, would be finished"
    commit = f", commit {released['commit'][:10]}" if released.get("commit") else ""
    return f"{released['before'] or 'none'} -> {after}{commit}"
