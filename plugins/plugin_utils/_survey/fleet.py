"""What `status` shows of a fleet: a row for each application on each host, and notes about what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import (
    ApplicationStatus,
    Attempt,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.host_state import (
    HostStatus,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import CertificateStatus
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import unprotected
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import checked_facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import HostResultError
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import remarks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.tables import age, size, table
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import replaced

# Renewal begins a third of the lifetime before the end; with less than a week left, it has failed several times.
CERTIFICATE_DAYS = 7
DISK_SHARE = 0.1


class HostReport(TypedDict):
    """The status of a host, as M(asgi.deploy.status) returns it; applications and certificates by their names."""

    applications: dict[str, ApplicationStatus]
    certificates: dict[str, CertificateStatus]
    host: HostStatus


@dataclass(frozen=True)
class Overview:
    """Rows as they are shown, all with the same keys, and sentences about problems."""

    rows: list[dict[str, str]]
    notes: list[str]

    def lines(self) -> list[str]:
        """Return both as lines of text."""
        return [*table(self.rows), *(["", *self.notes] if self.notes else [])]


def overview(hosts: Mapping[str, HostReport | None], like: Mapping[str, Json] | None = None) -> Overview:
    """Return the overview of hosts.

    Args:
        hosts: their status; a host without an answer has none.
        like: for hosts whose inventory has `asgi_like`, its value.
    """
    rows: list[dict[str, str]] = []
    notes: list[str] = []
    for host, report in hosts.items():
        if report is None:
            rows.append(_row(host=host, state="no answer"))
            notes.append(f"{host}: did not answer; the run's output says why")
            continue
        for name, app in report["applications"].items():
            row, problems = _application(host, name, app, report)
            rows.append(row)
            notes += [f"{host}: {name}: {text}" for text in problems]
        notes += [f"{host}: {text}" for text in _of_system(report["host"], (like or {}).get(host))]
        free, total = report["host"]["disk_free"], report["host"]["disk_total"]
        if free < DISK_SHARE * total:
            notes.append(f"{host}: {size(free)} of {size(total)} are free where releases are")
        if report["host"].get("firewall") is False:
            notes.append(
                f"{host}: its firewall's rules are not as they were loaded; run site again, or "
                "systemctl restart asgi-firewall on the host"
            )
        restarts = replaced.texts(report["host"]["replaced"], report["host"]["restart"])
        notes += [f"{host}: {text}" for text in restarts]
    return Overview(rows, notes)


def _of_system(status: HostStatus, like: Json) -> list[str]:
    """Return the remarks on the system of a host, or why it is not supported."""
    if "system" not in status:
        return []
    try:
        facts = checked_facts(cast("Mapping[str, Json]", status["system"]))
        return remarks({**facts, "like": cast("str", like)} if like else facts)
    except (HostResultError, ValueError) as error:
        return [str(error)]


def _row(**cells: str) -> dict[str, str]:
    """Return a row with all columns."""
    columns = ("host", "application", "state", "release", "commit", "since", "workers", "memory", "restarts")
    return {column: cells.get(column, "") for column in (*columns, "certificate", "disk free", "last deploy")}


def _application(host: str, name: str, app: ApplicationStatus, report: HostReport) -> tuple[dict[str, str], list[str]]:
    """Return the row of an application, and its notes."""
    now = report["host"]["now"]
    cells = {"host": host, "application": name, "disk free": size(report["host"]["disk_free"])}
    deploy = _last_deploy(app)
    cells["last deploy"] = _deploy_text(deploy, now) if deploy else ""
    if not app["live"]:
        notes = ["no release is live", *_damage(app), *_lost(app), *_metadata(name, app), *_of_deploy(deploy)]
        return _row(**cells, state="not live"), notes
    certificate, notes = _certificate(report["certificates"].get(name))
    notes = [*_problems(app), *_damage(app), *_lost(app), *_metadata(name, app), *_of_deploy(deploy), *notes]
    if app["unpinned"]:
        notes.append(f"server_requirements: {', '.join(app['unpinned'])} came without a hash that was checked")
    states = {
        "stopped": app["stopped"],
        "paused": app["paused"],
        "maintenance": app["maintenance"],
        "unwell": app["health"],
        "ok": True,
    }
    state = next(name for name, is_so in states.items() if is_so)
    cells |= {
        "state": state + (f", {len(app['draining'])} draining" if app["draining"] else ""),
        "release": app["live"] or "",
        "commit": (app["commit"] or "")[:10],
        "since": age(now - app["since"]) if app["since"] else "",
        "workers": str(app["worker_count"]),
        "memory": size(app["memory"] + sum(item["memory"] for item in app["processes"].values())),
        "restarts": str(app["service"]["restarts"]),
        "certificate": certificate,
    }
    return _row(**cells), notes


def _problems(app: ApplicationStatus) -> list[str]:
    """Return what is wrong with an application that is live."""
    notes = [text for text in (app["stopped"], app["service"]["failed"], app["health"]) if text]
    notes += [
        f"process {name} is {item['state']}"
        for name, item in app["processes"].items()
        if not item["state"].startswith("active") and not (app["paused"] or app["stopped"])
    ]
    notes += [
        f"job {name} ended with {item['result']} when it last ran"
        for name, item in app["jobs"].items()
        if item["result"] != "success"
    ]
    return [*notes, *map(unprotected, app["plain_transports"])]


def _lost(app: ApplicationStatus) -> list[str]:
    """Return how much of what it logged is not in its journal."""
    if not app["lost_records"]:
        return []
    return [
        f"{app['lost_records']:,} records that it logged in the last 24 hours were not kept, as there were more than "
        "log.burst in ten seconds; logs shows when"
    ]


def _damage(app: ApplicationStatus) -> list[str]:
    """Return what is not as it was built."""
    notes = []
    for release, damage in app["damage"].items():
        then = "site builds it again" if release == app["live"] else "a rollback passes over it"
        notes.append(f"release {release} is damaged ({'; '.join(damage)}); {then}")
    return [*notes, *app["loose"]]


def _metadata(name: str, app: ApplicationStatus) -> list[str]:
    """Return which processes tried to reach the cloud's metadata service, and whether it is still closed."""
    notes = list(app["metadata"]["told"])
    if app["metadata"]["loaded"] is False:
        notes.append(
            "its rules that close the cloud's metadata service are not as they were loaded; run site again, or "
            f"systemctl restart asgi-metadata@{name} on the host"
        )
    return notes


def _of_deploy(deploy: Attempt | None) -> list[str]:
    """Return why the last deploy did not succeed."""
    if deploy is not None and deploy["result"] == "failed":
        return [f"the last deploy failed: {deploy.get('reason', '')}"]
    if deploy is not None and deploy["result"] == "ended":
        return [f"the last deploy was cut off, by {deploy['by']}; the next run of site does what is left"]
    return []


def _last_deploy(app: ApplicationStatus) -> Attempt | None:
    """Return the last attempt in the audit trail that released something or went back."""
    return next((item for item in reversed(app["deploys"]) if "to" in item and item["result"] != "unchanged"), None)


def _certificate(entry: CertificateStatus | None) -> tuple[str, list[str]]:
    """Return the cell of a certificate, and its notes."""
    if entry is None:
        return "", []
    days = entry["days_left"]
    notes = []
    if entry["source"] == "stand-in":
        notes.append("its certificate is a stand-in that no browser trusts; run site again when the CA can be reached")
    elif days is not None and days < CERTIFICATE_DAYS:
        notes.append(f"its certificate ends in {days} days")
    if entry["last"] and not entry["last"]["ok"]:
        notes.append(f"its certificate: {entry['last']['text']}")
    if days is None:
        return "none", [*notes, "it has no certificate"]
    return f"{'stand-in' if entry['source'] == 'stand-in' else f'{days:.0f} d'}", notes


def _deploy_text(deploy: Attempt, now: float) -> str:
    """Return an attempt in words: its result, how long ago it was, and the user."""
    kind = "rollback" if deploy.get("rollback") else "release"
    results = {"live": "", "ended": " cut off", "running": " at work"}
    how = results.get(deploy["result"], f" {deploy['result']}")
    ended, began = deploy["ended"], age(now - deploy["started"])
    when = f"since {began}" if ended is None else f"{age(now - ended)} ago"  # when one was killed is not known
    return f"{kind}{how} {when} by {deploy['by']}"
