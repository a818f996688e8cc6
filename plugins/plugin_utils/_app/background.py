"""What runs in addition to an application's server: its processes and jobs, checked, and the units that they become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypedDict, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NAME_MAX, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import command_line
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import WorkUnit
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import command
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import NAME, Rule, between

# What systemd.time(7) allows in calendar events: names and numbers, lists, ranges, repetitions, last days, time zones.
_CALENDAR = re.compile(r"[A-Za-z0-9*][A-Za-z0-9 *:,./~_+-]*")

SAMPLES = {"command": "celery -A shop worker", "schedule": "daily"}

EntryPoint = Literal["process", "job"]


class ResolvedWork(TypedDict):
    """Resolved options of processes and jobs, by their names; one that is no dictionary has none."""

    processes: dict[str, Json]
    jobs: dict[str, Json]


def schedule(value: str) -> str | None:
    """Return what is wrong with a calendar event, as far as that is known without the host's systemd.

    The host's own systemd reads it before anything is switched.
    """
    if _CALENDAR.fullmatch(value):
        return None
    return f"found {value!r}, expected a calendar event of systemd, as in daily or Mon..Fri *-*-* 04:30"


_LIMITS: dict[str, Rule] = {
    "memory": between(8, 1_048_576, "MiB"),
    "cpu": between(0.05, 1024, "CPUs"),
    "tasks": between(16, 4_194_304, "tasks"),
}
# By the entry point of the argument spec that has the options.
RULES: dict[EntryPoint, dict[str, Rule]] = {
    "process": {
        "command": command,
        "count": between(1, 100, "processes"),
        **_LIMITS,
        "stop_timeout": between(1, 86_400, "seconds"),
    },
    "job": {
        "command": command,
        "schedule": schedule,
        "spread": between(0, 604_800, "seconds"),
        "timeout": between(1, 604_800, "seconds"),
        **_LIMITS,
    },
}


def resolve_work(app: Mapping[str, Json], where: str = "") -> tuple[ResolvedWork, list[str]]:
    """Return the application's processes and jobs with all their options, and what is wrong with them."""
    processes, errors = _resolve_all("process", app.get("processes"), f"{where}processes")
    jobs, job_errors = _resolve_all("job", app.get("jobs"), f"{where}jobs")
    # The names distinguish their lines in the journal.
    both = sorted(processes.keys() & jobs.keys())
    errors += [*job_errors, *(f"{where}jobs.{name}: is the name of a process, too; choose another" for name in both)]
    return {"processes": processes, "jobs": jobs}, errors


def _resolve_all(kind: EntryPoint, entries: Json, where: str) -> tuple[dict[str, Json], list[str]]:
    """Return all processes or all jobs with their options, and what is wrong with them."""
    resolved: dict[str, Json] = {}
    errors: list[str] = []
    for name, value in entries.items() if isinstance(entries, Mapping) else ():
        resolved[name], mistakes = _resolve(kind, name, value, f"{where}.{name}")
        errors += mistakes
    return resolved, errors


def _resolve(kind: EntryPoint, name: str, value: Json, where: str) -> tuple[dict[str, Json], list[str]]:
    """Return one process or job with its options, and what is wrong with it."""
    errors = []
    if len(name) > NAME_MAX or not NAME.fullmatch(name):
        errors.append(
            f"{where}: found the name {name!r}, expected at most {NAME_MAX} lower-case letters, digits and single "
            "hyphens, beginning with a letter, as in worker"
        )
    if kind == "process" and isinstance(value, str):
        value = {"command": value}
    if not isinstance(value, Mapping):
        forms = "its command or a dictionary" if kind == "process" else "a dictionary with command and schedule"
        example = (
            "worker: celery -A shop worker"
            if kind == "process"
            else ("cleanup: {command: python -m shop.cleanup, schedule: daily}")
        )
        return {}, [*errors, f"{where}: found {kind_of(value)}, expected {forms}, as in {example}"]
    options, mistakes = resolve(role_options("app", kind), value, f"{where}.", SAMPLES)
    for key, rule in RULES[kind].items():
        if options[key] is not None and (mistake := rule(options[key])):
            mistakes.append(f"{where}.{key}: {mistake}")
    return options, errors + mistakes


def work_units(app: AppOptions) -> list[WorkUnit]:
    """Return the units of processes and jobs: the kind of each, its template, and what that reads as `unit`.

    Each kind is unique: that of a process ends with a number, and no name holds a dot.
    """
    units: list[WorkUnit] = []
    for name, process in app["processes"].items():
        unit = cast("WorkUnit", {**process, "name": name, "command": command_line(process["command"])})
        units += [
            {**unit, "kind": f"process-{name}-{number}", "template": "process.service.j2"}
            for number in range(1, process["count"] + 1)
        ]
    for name, job in app["jobs"].items():
        unit = cast("WorkUnit", {**job, "name": name, "command": command_line(job["command"])})
        units.append({**unit, "kind": f"job-{name}", "template": "job.service.j2"})
        units.append({**unit, "kind": f"timer-{name}", "template": "job.timer.j2"})
    if units:
        layout = Layout(app["name"])
        moved = [layout.unit(unit["kind"], "%i") for unit in units if not unit["kind"].startswith("job-")]
        units.append({"kind": "live", "template": "live.target.j2", "wants": moved})
    return units
