"""What a run would change on one host, as a person reads it, and as data."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.generations import origin
from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import first_use
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import unprotected
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.tables import size
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import AFTER_APPS, BEFORE_APPS
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import stopped
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.pending import problems

_METADATA = {
    "close": "the cloud's metadata service would be closed to it and its builds",
    "open": "the cloud's metadata service would be opened to it, and stay closed to its builds",
    "close_builds": "the cloud's metadata service would be closed to its builds",
    "renew": "the rules that close the cloud's metadata service would be written and loaded again",
    "remove": "the rules of nft for the cloud's metadata service would be removed, as the kernel takes none",
}
SHOWN = 4  # entries of a list; of more, how many there are in which folder
_LISTS = {
    "missing_packages": "packages",
    "missing_users": "users",
    "altered_users": "accounts",
    "drift": "files",
    "inactive_units": "units",
    "outdated_venvs": "environments",
    "parts": "parts",
}


@dataclass(frozen=True)
class Change:
    """What would be done for a role or an application: texts and lists by what they are of."""

    subject: str
    wanted: Mapping[str, str | list[str]] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)  # told where anything would be done
    notes: Sequence[str] = ()  # remarks, which are shown in any case
    headline: str = "would change"
    otherwise: str = "nothing would change"

    def lines(self, host: str) -> list[str]:
        return [*self._lines(host), *(f"{host}: {self.subject}: {note}" for note in self.notes)]

    def _lines(self, host: str) -> list[str]:
        if not self.wanted:
            return [f"{host}: {self.subject}: {self.otherwise}"]
        rows = {**self.wanted, **self.beside}
        width = max(map(len, rows))
        # What is told in more than one line stays in its column.
        texts = {key: _shown(value).replace("\n", f"\n{' ' * (width + 4)}") for key, value in rows.items()}
        told = "\n".join(f"  {key.ljust(width)}  {text}" for key, text in texts.items())
        return [f"{host}: {self.subject} {self.headline}", *told.splitlines()]

    def data(self) -> dict[str, Any]:
        notes = {"notes": list(self.notes)} if self.notes else {}
        return {**self.wanted, **self.beside, **notes} if self.wanted else {}


def changes(survey: Mapping[str, Any]) -> list[Change]:
    """For each role and application, in the order of a run.

    Args:
        survey: what M(asgi.deploy.survey) returned.
    """
    before, after = (
        [Change(role.name, _of({"host": survey["roles"][role.name]})) for role in roles if role.name in survey["roles"]]
        for roles in (BEFORE_APPS, AFTER_APPS)
    )
    return [*before, *(_of_app(app, parts) for app, parts in survey["apps"].items()), *after]


def lines(host: str, survey: Mapping[str, Any]) -> list[str]:
    """A paragraph for each, and then the differences of files where they are known."""
    return [*(line for change in changes(survey) for line in change.lines(host)), *_differences(survey)]


def data(survey: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same by the names of roles and applications; nothing of one that would stay as it is."""
    return {change.subject: change.data() for change in changes(survey)}


def _of_app(name: str, parts: Mapping[str, Any]) -> Change:
    plan = parts["host"]["decided"]
    if plan.get("neighbour"):
        return Change(name, _of(parts), headline="would get another server in nginx")
    if plan["state"] == "absent":
        there = parts["host"]["present_users"] or parts["host"]["drift"] or parts["release"]["changed"]
        data = "removed" if plan["remove_data"] else "kept"
        return Change(
            name,
            {"data": data} if there else {},
            headline="would be removed",
            otherwise="nothing would change; it is not there",
        )
    due = parts.get("certificate", {}).get("certificates_due", {}).values()
    found = parts["release"]
    told = {"release": _release(plan, found), "metadata": _metadata(found)}
    told["certificate"] = next(iter(due), "")
    if found.get("changed"):
        told["modes"] = "\n".join(found.get("loose", []))
    beside = {"workers": f"{plan['workers']} ({plan['workers_reason']})", "memory": _memory(plan)}
    if health := found.get("health"):
        beside["health"] = health
    live = None if found.get("stopped") else found.get("release")
    serves = health or (f"{live} serves" if live else "")
    return Change(
        name,
        {**{key: text for key, text in told.items() if text}, **_of(parts)},
        beside,
        notes=[*_notes(plan, found), *_damage(found), *plan["notices"]],
        otherwise=f"nothing would change; {serves}" if serves else "nothing would change",
    )


def _notes(plan: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Whether it is stopped, and what it trusts without proof."""
    keys = found.get("trusted_at_first_use", [])
    held = [text] if (text := stopped.text(plan, found)) else []
    return [*held, *map(unprotected, plan["plain_transports"]), *(first_use(**key) for key in keys)]


def _damage(found: Mapping[str, Any]) -> list[str]:
    """Which releases are damaged, and what is done about it."""
    texts = []
    for release, damage in found.get("damage", {}).items():
        replaced = found["changed"] and found["release"] and origin(release) == origin(found["release"])
        then = f"it is built again, as {found['release']}" if replaced else "a rollback passes over it"
        texts.append(f"release {release} is damaged ({'; '.join(damage)}); {then}")
    if not found.get("changed"):
        texts += found.get("loose", [])
    return texts


def _of(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, str | list[str]]:
    """The differences that looks found, each once."""
    wanted: dict[str, str | list[str]] = {}
    for key, label in _LISTS.items():
        if entries := list(dict.fromkeys(entry for found in parts.values() for entry in found.get(key, []))):
            wanted[label] = entries
    if wrong := [text for found in parts.values() for text in problems(found)]:
        wanted["problem"] = "\n".join(wrong)
    return wanted


def _shown(value: str | Sequence[str]) -> str:
    """Text as it is, and lists in a line.

    >>> _shown(["a", "b"])
    'a, b'
    >>> _shown([*(f"/etc/nginx/{name}.conf" for name in "abcd"), "/etc/hosts"])
    '5: 4 in /etc/nginx, 1 in /etc'
    """
    if isinstance(value, str):
        return value
    # The first two folders of a path tell whose it is.
    parents = (PurePosixPath(entry).parent.parts[:3] for entry in value if entry.startswith("/"))
    folders = Counter(str(PurePosixPath(*parts)) for parts in parents)
    if len(value) <= SHOWN or not folders:
        return ", ".join(value)
    others = len(value) - folders.total()
    named = [f"{count} in {folder}" for folder, count in folders.items()] + ([f"{others} others"] if others else [])
    return f"{len(value)}: {', '.join(named)}"


def _memory(plan: Mapping[str, Any]) -> str:
    """What the workers take at their peak, and a second release beside them while it takes over."""
    each = plan["memory_per_worker"] * 2**20
    whole = f" of {size(plan['host_memory'] * 2**20)}" if plan["host_memory"] else ""
    return f"{plan['workers']} x {size(each)}, {size(plan['workers'] * each)}{whole}"


def _release(plan: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """From what to what; the name of a release is known once its source has been looked at."""
    if found.get("stopped"):
        return stopped.change(found)
    if "failed" in found or not (found["changed"] or not found["noted"]):
        return ""
    after = found["release"] or f"{plan['version']}, whose name is known once the host can look at its source"
    if found["release"] and not found["left"]:
        if found["release"] in found.get("unrecorded", []):
            return f"{after}, which serves and was made by a former version, would be taken as it is"
        if found["noted"]:
            return ""  # only the rules for the metadata service differ
        return f"{after}, which serves, would go by other settings of gate, watch or trust from now on"
    if found["release"] and found["before"] == found["release"]:
        return f"{after}, which serves, would be finished"
    return f"{found['before'] or 'none'} -> {after}{_commits(found)}"


def _metadata(found: Mapping[str, Any]) -> str:
    """What would become of the cloud's metadata service."""
    return _METADATA.get(found.get("metadata") or "", "")


def _commits(found: Mapping[str, Any]) -> str:
    before, after = ((found.get(key) or "")[:10] for key in ("before_commit", "commit"))
    if not after:
        return ""
    return f", commit {before} -> {after}" if before and before != after else f", commit {after}"


def _differences(survey: Mapping[str, Any]) -> Iterator[str]:
    """Of files, as `diff -u` shows them."""
    parts = [*survey["roles"].values(), *(part for parts in survey["apps"].values() for part in parts.values())]
    for difference in [one for part in parts for one in part.get("diff", [])]:
        before, after = (difference[key].splitlines() for key in ("before", "after"))
        names = [difference[key] for key in ("before_header", "after_header")]
        yield from difflib.unified_diff(before, after, f"before: {names[0]}", f"after: {names[1]}", lineterm="")
