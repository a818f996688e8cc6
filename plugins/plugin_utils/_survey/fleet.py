"""What `status` shows of a fleet: a row for each application on each host, and what needs somebody's attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import unprotected
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.tables import age, size, table

# Renewal begins a third of the lifetime before the end; with less than a week left, it has failed for a while.
CERTIFICATE_DAYS = 7
DISK_SHARE = 0.1


@dataclass(frozen=True)
class Overview:
    """Rows as they are shown, all with the same keys, and sentences about what is not well."""

    rows: list[dict[str, str]]
    notes: list[str]

    def lines(self) -> list[str]:
        """As text."""
        return [*table(self.rows), *(["", *self.notes] if self.notes else [])]


def overview(hosts: Mapping[str, Mapping[str, Any] | None]) -> Overview:
    """What is to be seen of hosts, from what the module `status` returned of each; nothing where one did not answer."""
    rows: list[dict[str, str]] = []
    notes: list[str] = []
    for host, found in hosts.items():
        if found is None:
            rows.append(_row(host=host, state="no answer"))
            notes.append(f"{host}: did not answer; the run's output says why")
            continue
        for name, app in found["applications"].items():
            row, wrong = _application(host, name, app, found)
            rows.append(row)
            notes += [f"{host}: {name}: {text}" for text in wrong]
        free, total = found["host"]["disk_free"], found["host"]["disk_total"]
        if free < DISK_SHARE * total:
            notes.append(f"{host}: {size(free)} of {size(total)} are free where releases are")
        if found["host"].get("firewall") is False:
            notes.append(
                f"{host}: its firewall's rules are not as they were loaded; run site again, or "
                "systemctl restart asgi-firewall on the host"
            )
    return Overview(rows, notes)


def _row(**cells: str) -> dict[str, str]:
    columns = ("host", "application", "state", "release", "commit", "since", "workers", "memory", "restarts")
    return {column: cells.get(column, "") for column in (*columns, "certificate", "disk free", "last deploy")}


def _application(
    host: str, name: str, app: Mapping[str, Any], found: Mapping[str, Any]
) -> tuple[dict[str, str], list[str]]:
    now = found["host"]["now"]
    cells = {"host": host, "application": name, "disk free": size(found["host"]["disk_free"])}
    deploy = _last_deploy(app)
    cells["last deploy"] = _told(deploy, now) if deploy else ""
    if not app["live"]:
        notes = ["no release is live", *_damage(app), *_metadata(name, app), *_of_deploy(deploy)]
        return _row(**cells, state="not live"), notes
    certificate, notes = _certificate(found["certificates"].get(name))
    notes = [*_troubles(app), *_damage(app), *_metadata(name, app), *_of_deploy(deploy), *notes]
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
        "release": app["live"],
        "commit": (app["commit"] or "")[:10],
        "since": age(now - app["since"]) if app["since"] else "",
        "workers": str(app["worker_count"]),
        "memory": size(app["memory"] + sum(one["memory"] for one in app["processes"].values())),
        "restarts": str(app["service"]["restarts"]),
        "certificate": certificate,
    }
    return _row(**cells), notes


def _troubles(app: Mapping[str, Any]) -> list[str]:
    notes = [text for text in (app["stopped"], app["service"]["failed"], app["health"]) if text]
    notes += [
        f"process {name} is {one['state']}"
        for name, one in app["processes"].items()
        if not one["state"].startswith("active") and not (app["paused"] or app["stopped"])
    ]
    notes += [
        f"job {name} ended with {one['result']} when it last ran"
        for name, one in app["jobs"].items()
        if one["result"] != "success"
    ]
    return [*notes, *map(unprotected, app["plain_transports"])]


def _damage(app: Mapping[str, Any]) -> list[str]:
    """What is not as it was built."""
    notes = []
    for release, damage in app["damage"].items():
        then = "site builds it again" if release == app["live"] else "a rollback passes over it"
        notes.append(f"release {release} is damaged ({'; '.join(damage)}); {then}")
    return [*notes, *app["loose"]]


def _metadata(name: str, app: Mapping[str, Any]) -> list[str]:
    """Who asked the cloud's metadata service, which is closed, and whether it is no more."""
    notes = list(app["metadata"]["told"])
    if app["metadata"]["loaded"] is False:
        notes.append(
            "its rules that close the cloud's metadata service are not as they were loaded; run site again, or "
            f"systemctl restart asgi-metadata@{name} on the host"
        )
    return notes


def _of_deploy(deploy: Mapping[str, Any] | None) -> list[str]:
    if deploy is not None and deploy["result"] == "failed":
        return [f"the last deploy failed: {deploy.get('reason', '')}"]
    if deploy is not None and deploy["result"] == "ended":
        return [f"the last deploy was cut off, by {deploy['by']}; the next run of site does what is left"]
    return []


def _last_deploy(app: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The last attempt in the audit trail that released something or went back."""
    return next((one for one in reversed(app["deploys"]) if "to" in one and one["result"] != "unchanged"), None)


def _certificate(entry: Mapping[str, Any] | None) -> tuple[str, list[str]]:
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


def _told(deploy: Mapping[str, Any], now: float) -> str:
    kind = "rollback" if deploy.get("rollback") else "release"
    results = {"live": "", "ended": " cut off", "running": " at work"}
    how = results.get(deploy["result"], f" {deploy['result']}")
    ended, began = deploy["ended"], age(now - deploy["started"])
    when = f"since {began}" if ended is None else f"{age(now - ended)} ago"  # when one was killed is not known
    return f"{kind}{how} {when} by {deploy['by']}"
