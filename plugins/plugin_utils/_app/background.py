"""What runs beside an application's server: its processes and jobs, checked, and the units that they become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NAME_MAX, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import command_line
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import command
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import NAME, Rule, between

# All that systemd.time(7) has in calendar events: names and numbers, lists, ranges, repetitions, last days, time zones.
_CALENDAR = re.compile(r"[A-Za-z0-9*][A-Za-z0-9 *:,./~_+-]*")

SAMPLES = {"command": "celery -A shop worker", "schedule": "daily"}


def schedule(value: str) -> str | None:
    """What can be told of a calendar event without systemd; the host's own reads it before anything is switched."""
    if _CALENDAR.fullmatch(value):
        return None
    return f"found {value!r}, expected a calendar event of systemd, as in daily or Mon..Fri *-*-* 04:30"


_LIMITS: dict[str, Rule] = {
    "memory": between(8, 1_048_576, "MiB"),
    "cpu": between(0.05, 1024, "CPUs"),
    "tasks": between(16, 4_194_304, "tasks"),
}
# By the entry point of the role's argument spec that has the options.
RULES: dict[str, dict[str, Rule]] = {
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


def resolve_work(app: Mapping[str, Any], where: str = "") -> tuple[dict[str, Any], list[str]]:
    """The application's processes and jobs with all their options, and what is wrong with them."""
    work: dict[str, Any] = {}
    errors: list[str] = []
    for option, kind in (("processes", "process"), ("jobs", "job")):
        given: Mapping[str, Any] = app.get(option) or {}
        work[option] = {}
        for name, value in given.items():
            work[option][name], wrong = _entry(kind, name, value, f"{where}{option}.{name}")
            errors += wrong
    # Their lines in the journal would not be told apart.
    twice = sorted(work["processes"].keys() & work["jobs"].keys())
    errors += [f"{where}jobs.{name}: is the name of a process, too; choose another" for name in twice]
    return work, errors


def _entry(kind: str, name: str, value: Any, where: str) -> tuple[dict[str, Any], list[str]]:
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
    options, wrong = resolve(role_options("app", kind), value, f"{where}.", SAMPLES)
    for key, rule in RULES[kind].items():
        if options[key] is not None and (mistake := rule(options[key])):
            wrong.append(f"{where}.{key}: {mistake}")
    return options, errors + wrong


def work_units(app: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The units of processes and jobs: the kind that names each, its template, and what that reads as `unit`.

    No two have one kind: a process's number comes last in its own, and no name holds a dot.
    """
    units = []
    for name, process in app["processes"].items():
        one = {**process, "name": name, "command": command_line(process["command"])}
        units += [
            {"kind": f"process-{name}-{number}", "template": "process.service.j2", **one}
            for number in range(1, process["count"] + 1)
        ]
    for name, job in app["jobs"].items():
        one = {**job, "name": name, "command": command_line(job["command"])}
        units.append({"kind": f"job-{name}", "template": "job.service.j2", **one})
        units.append({"kind": f"timer-{name}", "template": "job.timer.j2", **one})
    if units:
        layout = Layout(app["name"])
        moved = [layout.unit(unit["kind"], "%i") for unit in units if not unit["kind"].startswith("job-")]
        units.append({"kind": "live", "template": "live.target.j2", "wants": moved})
    return units
