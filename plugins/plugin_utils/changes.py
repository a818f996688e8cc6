"""What a run would change on one host, as a person reads it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils.due import problems

_INDENT = "  "
_LISTS = {
    "missing_packages": "packages",
    "missing_users": "users",
    "drift": "files",
    "inactive_units": "units",
    "outdated_venvs": "environments",
    "parts": "parts",
}


def changes(host: str, survey: Mapping[str, Any]) -> list[str]:
    """Lines of text: a paragraph for each role and application, then the differences of files where they are known.

    Args:
        host: its name.
        survey: what M(asgi.deploy.survey) returned.
    """
    roles, last = dict(survey["roles"]), survey["roles"].get("hardening")
    roles.pop("hardening", None)
    lines = [line for role, found in roles.items() for line in _paragraph(f"{host}: {role}", {"host": found})]
    for app, parts in survey["apps"].items():
        lines += _of_app(f"{host}: {app}", parts)
    if last:
        lines += _paragraph(f"{host}: hardening", {"host": last})
    return [*lines, *_differences(survey)]


def _of_app(name: str, parts: Mapping[str, Any]) -> list[str]:
    plan = parts["host"]["decided"]
    if plan["state"] == "absent":
        if not (parts["host"]["present_users"] or parts["host"]["drift"] or parts["release"]["changed"]):
            return [f"{name}: nothing would change; it is not there"]
        return [f"{name} would be removed" + (", with its data" if plan["remove_data"] else ", its data kept")]
    due = parts.get("certificate", {}).get("certificates_due", {}).values()
    told = {"release": _release(plan, parts["release"]), "certificate": next(iter(due), "")}
    serves = parts["release"].get("release")
    return _paragraph(
        name,
        parts,
        told,
        after={"workers": f"{plan['workers']} ({plan['workers_reason']})"},
        otherwise=f"; {serves} serves" if serves else "",
    )


def _paragraph(
    name: str,
    parts: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
    otherwise: str = "",
) -> list[str]:
    """What would change, a line for each kind of it; `after` is told beside a change."""
    told = dict(before or {})
    for key, label in _LISTS.items():
        entries = [entry for found in parts.values() for entry in found.get(key, [])]
        told[label] = ", ".join(filter(None, [told.get(label, ""), *dict.fromkeys(entries)]))
    told["problem"] = "\n".join(text for found in parts.values() for text in problems(found))
    wanted = {key: text for key, text in told.items() if text}
    if not wanted:
        return [f"{name}: nothing would change{otherwise}"]
    wanted.update(after or {})
    width = max(map(len, wanted))
    return [f"{name} would change", *(f"{_INDENT}{key.ljust(width)}  {text}" for key, text in wanted.items())]


def _release(plan: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """From what to what; the name of a release is known once its source has been looked at."""
    if "failed" in found or not (found["changed"] or not found["noted"]):
        return ""
    after = found["release"] or f"{plan['version']}, whose name is known once the host can look at its source"
    if not found["changed"]:
        return f"{after}, which serves, would go by other settings of gate and watch from now on"
    if found["release"] and found["before"] == found["release"]:
        return f"{after}, which serves, would be finished"
    commit = f", commit {found['commit'][:10]}" if found.get("commit") else ""
    return f"{found['before'] or 'none'} -> {after}{commit}"


def _differences(survey: Mapping[str, Any]) -> Iterator[str]:
    """Of files, as `diff -u` shows them."""
    parts = [*survey["roles"].values(), *(part for parts in survey["apps"].values() for part in parts.values())]
    for difference in [one for part in parts for one in part.get("diff", [])]:
        before, after = (difference[key].splitlines() for key in ("before", "after"))
        names = [difference[key] for key in ("before_header", "after_header")]
        yield from difflib.unified_diff(before, after, f"before: {names[0]}", f"after: {names[1]}", lineterm="")
