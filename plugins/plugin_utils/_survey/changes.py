"""What a run would change on one host, as text and as data."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal, TypeAlias, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared import state_in_memory
from ansible_collections.asgi.deploy.plugins.module_utils._shared.generations import origin
from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import first_use
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import RestartTime
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import unprotected
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.tables import size
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.plan_types import HardeningPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import AFTER_APPS, BEFORE_APPS
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import replaced, stopped
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.pending import problems
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import (
    AppFindings,
    AppParts,
    Findings,
    RoleFindings,
    SurveyResult,
)

_METADATA = {
    "close": "the cloud's metadata service would be closed to it and its builds",
    "open": "the cloud's metadata service would be opened to it, and stay closed to its builds",
    "close_builds": "the cloud's metadata service would be closed to its builds",
    "renew": "the rules that close the cloud's metadata service would be written and loaded again",
    "remove": "the rules of nft for the cloud's metadata service would be removed, as the kernel takes none",
}
SHOWN = 4  # entries of a list; of a longer one, how many there are in which folder
_ListKey: TypeAlias = Literal[
    "missing_packages", "missing_users", "altered_users", "drift", "inactive_units", "outdated_venvs", "parts"
]
_LISTS: dict[_ListKey, str] = {
    "missing_packages": "packages",
    "missing_users": "users",
    "altered_users": "accounts",
    "drift": "files",
    "inactive_units": "units",
    "outdated_venvs": "environments",
    "parts": "parts",
}
Rows: TypeAlias = dict[str, "str | list[str]"]
"""Texts and lists by their labels."""


@dataclass(frozen=True)
class Change:
    """What a run would do for a role or an application.

    Attributes:
        subject: the name of the role or the application.
        rows: what would change.
        context: what is shown in addition if anything would change.
        notes: remarks, which are always shown.
        headline: what the run would do if there are rows.
        otherwise: the text if there are none.
    """

    subject: str
    rows: Rows = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    headline: str = "would change"
    otherwise: str = "nothing would change"

    def lines(self, host: str) -> list[str]:
        """Return the change as lines of text."""
        return [*self._lines(host), *(f"{host}: {self.subject}: {note}" for note in self.notes)]

    def _lines(self, host: str) -> list[str]:
        """Return the lines without the notes."""
        if not self.rows:
            return [f"{host}: {self.subject}: {self.otherwise}"]
        rows = {**self.rows, **self.context}
        width = max(map(len, rows))
        # A text of several lines stays in its column.
        texts = {key: _shown(value).replace("\n", f"\n{' ' * (width + 4)}") for key, value in rows.items()}
        table = "\n".join(f"  {key.ljust(width)}  {text}" for key, text in texts.items())
        return [f"{host}: {self.subject} {self.headline}", *table.splitlines()]

    def data(self) -> Rows:
        """Return the change by label; nothing if there is none."""
        notes: Rows = {"notes": list(self.notes)} if self.notes else {}
        return {**self.rows, **self.context, **notes} if self.rows else {}


def changes(survey: SurveyResult) -> list[Change]:
    """Return the changes of each role and application, in the order of a run."""
    before, after = (
        [_of_role(role.name, survey["roles"][role.name]) for role in roles if role.name in survey["roles"]]
        for roles in (BEFORE_APPS, AFTER_APPS)
    )
    return [*before, *(_of_app(app, parts) for app, parts in survey["apps"].items()), *after]


def lines(host: str, survey: SurveyResult) -> list[str]:
    """Return a paragraph for each role and application, and then the differences of files that are known."""
    shown = [line for change in changes(survey) for line in change.lines(host)]
    return [*(f"{host}: {remark}" for remark in survey["remarks"]), *shown, *_differences(survey)]


def data(survey: SurveyResult) -> dict[str, Rows]:
    """Return the changes by the names of roles and applications; nothing for one that would stay as it is."""
    return {change.subject: change.data() for change in changes(survey)}


def _of_role(name: str, findings: RoleFindings) -> Change:
    """Return the change of a role, with what the host restarts by itself."""
    notes = []
    if found := findings.get("replaced"):
        decided = cast(HardeningPlan, findings["decided"])
        restart: RestartTime = {"mode": "never", "at": None}
        if decided["restarts"]:
            restart = {"mode": decided["restart"], "at": decided["restart_at"]}
        notes = replaced.texts(found, restart)
    return Change(name, _rows([findings]), notes=notes)


def _of_app(name: str, parts: AppParts) -> Change:
    """Return the change of an application."""
    host = parts["host"]
    plan = host["decided"]
    rows = _rows(_findings(parts))
    if plan.get("neighbour"):
        return Change(name, rows, headline="would get another server in nginx")
    release = parts["release"]
    if plan["state"] == "absent":
        present = host["present_users"] or host["drift"] or release["changed"]
        data = "removed" if plan["remove_data"] else "kept"
        return Change(
            name,
            {"data": data} if present else {},
            headline="would be removed",
            otherwise="nothing would change; it is not there",
        )
    reasons = parts["certificate"].get("pending_certificates", {}) if "certificate" in parts else {}
    texts = {
        "release": _release(plan, release),
        "python": release.get("python", "") if release.get("left") else "",
        "metadata": _metadata(release),
        "certificate": next(iter(reasons.values()), ""),
        "modes": "\n".join(release.get("loose", [])) if release.get("changed") else "",
    }
    context = {"workers": f"{plan['workers']} ({plan['workers_reason']})", "memory": _memory(plan)}
    if included := _included(plan):
        context["included"] = included
    if dependencies := _dependencies(plan, release):
        context["dependencies"] = dependencies
    if health := release.get("health"):
        context["health"] = health
    live = None if release.get("stopped") else release.get("release")
    serves = health or (f"{live} serves" if live else "")
    return Change(
        name,
        {**{key: text for key, text in texts.items() if text}, **rows},
        context,
        notes=[*_notes(plan, release), *_damage(release), *plan["notices"]],
        otherwise=f"nothing would change; {serves}" if serves else "nothing would change",
    )


def _findings(parts: AppParts) -> list[Findings]:
    """Return the findings of all parts of an application."""
    return list(cast("Mapping[str, Findings]", parts).values())


def _notes(plan: AppPlan, release: AppFindings) -> list[str]:
    """Return whether an application is stopped, what several workers do not suit, and what it trusts without proof."""
    keys = release.get("trusted_at_first_use", [])
    texts = [text] if (text := stopped.text(plan, release)) else []
    if plan["exclusive"] and release.get("before") and "started" in release.get("left", []):
        texts.append(
            f"exclusive: release {release['before']} is stopped before the next one starts; requests wait until that "
            "one has passed its gate"
        )
    state = state_in_memory.warnings(release.get("state_in_memory", []), plan["workers"])
    return [*texts, *state, *map(unprotected, plan["plain_transports"]), *(first_use(**key) for key in keys)]


def _damage(release: AppFindings) -> list[str]:
    """Return which releases are damaged, and what is done about it."""
    texts = []
    for name, damage in release.get("damage", {}).items():
        after = release.get("release")
        replaced = release["changed"] and after and origin(name) == origin(after)
        then = f"it is built again, as {after}" if replaced else "a rollback passes over it"
        texts.append(f"release {name} is damaged ({'; '.join(damage)}); {then}")
    if not release.get("changed"):
        texts += release.get("loose", [])
    return texts


def _rows(findings: Iterable[Findings]) -> Rows:
    """Return the differences of all parts, each once."""
    parts = list(findings)
    rows: Rows = {}
    for key, label in _LISTS.items():
        if entries := list(dict.fromkeys(entry for findings in parts for entry in findings.get(key, []))):
            rows[label] = entries
    if texts := [text for findings in parts for text in problems(findings)]:
        rows["problem"] = "\n".join(texts)
    return rows


def _shown(value: str | Sequence[str]) -> str:
    """Return a text as it is, and a list in one line.

    >>> _shown(["a", "b"])
    'a, b'
    >>> _shown([*(f"/etc/nginx/{name}.conf" for name in "abcd"), "/etc/hosts"])
    '5: 4 in /etc/nginx, 1 in /etc'
    """
    if isinstance(value, str):
        return value
    # The first two folders of a path say what it belongs to.
    parents = (PurePosixPath(entry).parent.parts[:3] for entry in value if entry.startswith("/"))
    folders = Counter(str(PurePosixPath(*parts)) for parts in parents)
    if len(value) <= SHOWN or not folders:
        return ", ".join(value)
    others = len(value) - folders.total()
    named = [f"{count} in {folder}" for folder, count in folders.items()] + ([f"{others} others"] if others else [])
    return f"{len(value)}: {', '.join(named)}"


def _memory(plan: AppPlan) -> str:
    """Return the memory that all workers use at most, and the memory of the host."""
    each = plan["memory_per_worker"] * 2**20
    whole = f" of {size(plan['host_memory'] * 2**20)}" if plan["host_memory"] else ""
    return f"{plan['workers']} x {size(each)}, {size(plan['workers'] * each)}{whole}"


def _release(plan: AppPlan, findings: AppFindings) -> str:
    """Return the release before and after; the name of a release is known once its source was inspected."""
    if findings.get("stopped"):
        return stopped.change(findings)
    if "failed" in findings or not (findings["changed"] or not findings["noted"]):
        return ""
    after = findings["release"] or f"{plan['version']}, whose name is known once the host can read its source"
    if findings["release"] and not findings["left"]:
        if findings["release"] in findings.get("unrecorded", []):
            return f"{after}, which serves and was made by a former version, would be taken as it is"
        if findings["noted"]:
            return ""  # only the rules for the metadata service differ
        return f"{after}, which serves, would go by other settings of gate, watch or trust from now on"
    if findings["release"] and findings["before"] == findings["release"]:
        return f"{after}, which serves, would be finished"
    return f"{findings['before'] or 'none'} -> {after}{_commits(findings)}"


def _included(plan: AppPlan) -> str:
    """Return what is shipped from the controller although git ignores it."""
    included = plan["packed"]["included"] if plan["packed"] else {}
    return ", ".join(f"{pattern} ({files} file{'s' if files > 1 else ''})" for pattern, files in included.items())


def _dependencies(plan: AppPlan, findings: AppFindings) -> str:
    """Return which file lists what the application needs: the one of its entry, and the one of the live release."""
    named, live = plan["requirements"], findings.get("dependencies")
    if named and live and named != live:
        return f"{live} -> {named}"
    return named or live or ""


def _metadata(findings: AppFindings) -> str:
    """Return what would change about the cloud's metadata service."""
    return _METADATA.get(findings.get("metadata") or "", "")


def _commits(findings: AppFindings) -> str:
    """Return the commits before and after."""
    before, after = (findings.get("before_commit") or "")[:10], (findings.get("commit") or "")[:10]
    if not after:
        return ""
    return f", commit {before} -> {after}" if before and before != after else f", commit {after}"


def _differences(survey: SurveyResult) -> Iterator[str]:
    """Yield the differences of files, as `diff -u` shows them."""
    parts = [*survey["roles"].values(), *(findings for app in survey["apps"].values() for findings in _findings(app))]
    for difference in [difference for part in parts for difference in part.get("diff", [])]:
        yield from difflib.unified_diff(
            difference["before"].splitlines(),
            difference["after"].splitlines(),
            f"before: {difference['before_header']}",
            f"after: {difference['after_header']}",
            lineterm="",
        )
