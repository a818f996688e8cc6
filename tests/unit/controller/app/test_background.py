"""Processes and jobs as the user writes them, and the units they become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NAME_MAX, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import VERSION_MAX, release_id
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.background import (
    RULES,
    resolve_work,
    schedule,
    work_units,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

Facts = Callable[[str], Any]

LIMITS = {"memory": None, "cpu": None, "tasks": None}
WORKER = {"command": "celery -A shop worker", "count": 1, **LIMITS, "stop_timeout": 60, "exclusive": False}
CLEANUP = {
    "command": "python -m shop.cleanup",
    "schedule": "daily",
    "spread": 0,
    "persistent": True,
    "timeout": 3600,
    **LIMITS,
}


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        pytest.param("celery -A shop worker", WORKER, id="only a command"),
        pytest.param({"command": "celery -A shop worker"}, WORKER, id="a dictionary"),
        pytest.param(
            {"command": "celery -A shop worker", "count": "3", "memory": 512, "stop_timeout": 5, "exclusive": "yes"},
            {**WORKER, "count": 3, "memory": 512, "stop_timeout": 5, "exclusive": True},
            id="all of it",
        ),
    ],
)
def test_process_gets_its_defaults(written: Any, resolved: dict[str, Any]) -> None:
    assert resolve_work({"processes": {"worker": written}}) == ({"processes": {"worker": resolved}, "jobs": {}}, [])


def test_job_gets_its_defaults() -> None:
    written: dict[str, Any] = {"command": "python -m shop.cleanup", "schedule": "daily"}
    assert resolve_work({"jobs": {"cleanup": written}}) == ({"processes": {}, "jobs": {"cleanup": CLEANUP}}, [])


@pytest.mark.parametrize(
    ("option", "name", "written", "text"),
    [
        pytest.param(
            "processes",
            "Worker",
            "x",
            "found the name 'Worker', expected at most 24 lower-case letters, digits and single hyphens, "
            "beginning with a letter, as in worker",
            id="upper case",
        ),
        pytest.param("processes", "a.b", "x", "found the name 'a.b'", id="a dot"),
        pytest.param("processes", "a--b", "x", "found the name 'a--b'", id="two hyphens"),
        pytest.param("processes", "a" * (NAME_MAX + 1), "x", "found the name", id="too long"),
        pytest.param(
            "processes",
            "worker",
            ["celery"],
            "found a list, expected its command or a dictionary, as in worker: celery -A shop worker",
            id="a list",
        ),
        pytest.param("processes", "worker", None, "found nothing, expected its command", id="nothing"),
        pytest.param(
            "processes",
            "worker",
            {"count": 2},
            ".command: is missing; expected text, as in command: celery -A shop worker",
            id="no command",
        ),
        pytest.param(
            "processes",
            "worker",
            {"command": "x", "cuont": 2},
            ".cuont: is not an option; did you mean count?",
            id="misspelt",
        ),
        pytest.param(
            "processes", "worker", {"command": "x", "count": 0}, ".count: found 0, expected 1 to 100", id="none of it"
        ),
        pytest.param("processes", "worker", "celery 'x", "is not written as for a shell", id="a quote"),
        pytest.param("processes", "worker", "+id", "begins with no program's name", id="a wish of systemd's"),
        pytest.param(
            "processes", "worker", {"command": "x", "memory": 1}, ".memory: found 1, expected 8 to", id="too little"
        ),
        pytest.param("processes", "worker", {"command": "x", "cpu": 0}, ".cpu: found 0.0, expected", id="no CPU"),
        pytest.param("processes", "worker", {"command": "x", "tasks": 1}, ".tasks: found 1, expected", id="one task"),
        pytest.param(
            "processes", "worker", {"command": "x", "stop_timeout": 0}, ".stop_timeout: found 0", id="no time"
        ),
        pytest.param(
            "jobs",
            "cleanup",
            "python -m shop.cleanup",
            "found text, expected a dictionary with command and schedule, "
            "as in cleanup: {command: python -m shop.cleanup, schedule: daily}",
            id="only a command of a job",
        ),
        pytest.param(
            "jobs",
            "cleanup",
            {"command": "x"},
            ".schedule: is missing; expected text, as in schedule: daily",
            id="no schedule",
        ),
        pytest.param(
            "jobs",
            "cleanup",
            {"command": "x", "schedule": "daily\nUser=root"},
            ".schedule: found 'daily\\nUser=root', expected a calendar event of systemd",
            id="two lines",
        ),
        pytest.param(
            "jobs", "cleanup", {"command": "x", "schedule": "daily", "timeout": 0}, ".timeout: found 0", id="no time"
        ),
    ],
)
def test_mistake_is_reported_with_its_place(option: str, name: str, written: Any, text: str) -> None:
    _, errors = resolve_work({option: {name: written}}, "asgi_apps[0] (shop).")
    assert len(errors) == 1
    assert errors[0].startswith(f"asgi_apps[0] (shop).{option}.{name}")
    assert text in errors[0]


def test_process_and_job_cannot_have_the_same_name() -> None:
    job: dict[str, Any] = {"command": "x", "schedule": "daily"}
    _, errors = resolve_work({"processes": {"mail": "x"}, "jobs": {"mail": job}})
    assert errors == ["jobs.mail: is the name of a process, too; choose another"]


def test_mistakes_end_the_run_before_any_host_is_touched(inventory: dict[str, Any]) -> None:
    inventory["asgi_apps"][0]["processes"] = {"worker": {"command": "x", "count": 101}}
    assert inventory_errors(inventory) == [
        "asgi_apps[0] (shop).processes.worker.count: found 101, expected 1 to 100 processes"
    ]


@pytest.mark.parametrize(
    "value",
    [
        "daily",
        "Mon..Fri *-*-* 04:30",
        "*:0/15",
        "*-*-01,15 03:00:00 Europe/Berlin",
        "Sat,Sun 12-05 08:05:40",
        "*-*~03",
        "2027-03-05 08:05 America/Port-au-Prince",
        "*:*:0/2",
    ],
)
def test_calendar_event_is_accepted(value: str) -> None:
    assert schedule(value) is None


@pytest.mark.parametrize(
    "value", ["", " daily", "daily\n", "daily; reboot", "%i", "[daily]", "@daily", "0 4 * * *\t", "#"]
)
def test_text_that_is_no_calendar_event_is_refused(value: str) -> None:
    assert schedule(value)


def test_each_rule_is_for_an_option_of_the_spec() -> None:
    for kind, rules in RULES.items():
        assert set(rules) <= set(role_options("app", kind))


def test_each_process_and_job_gets_its_units(spec: dict[str, Any], facts: Facts) -> None:
    plan = app_plan(
        {
            **spec,
            "processes": {"worker": {"command": "sh -c 'echo 100% $X'", "count": 2}, "beat": "celery beat"},
            "jobs": {"cleanup": {"command": "python -m shop.cleanup", "schedule": "daily"}},
        },
        facts("13"),
    )
    units = {unit["kind"]: unit for unit in plan["units"]}
    assert list(units) == [
        "process-worker-1",
        "process-worker-2",
        "process-beat-1",
        "job-cleanup",
        "timer-cleanup",
        "live",
    ]
    assert units["process-worker-2"]["command"] == '"sh" "-c" "echo 100%% $$X"'
    assert units["live"]["wants"] == [
        "asgi-shop.process-worker-1@%i.service",
        "asgi-shop.process-worker-2@%i.service",
        "asgi-shop.process-beat-1@%i.service",
        "asgi-shop.job-cleanup@%i.timer",
    ]


def test_application_without_processes_and_jobs_has_no_units() -> None:
    app: Any = {"name": "shop", "processes": {}, "jobs": {}}
    assert work_units(app) == []


def test_similar_names_have_different_units() -> None:
    names = {"worker": 11, "worker-1": 11, "worker-1-1": 2, "job": 1, "live": 1, "process": 1}
    app: Any = {
        "name": "shop",
        "processes": {name: {**WORKER, "count": count} for name, count in names.items()},
        "jobs": {name: CLEANUP for name in ("timer", "drain", "command", "exec")},
    }
    kinds = [unit["kind"] for unit in work_units(app)] + list(Layout.KINDS)
    units = [Layout("shop").unit(kind, "v1") for kind in kinds]
    assert len(set(units)) == len(units)
    assert [Layout("shop").kind(unit) for unit in units] == kinds


def test_longest_names_fit_a_unit_name() -> None:
    app: Any = {
        "name": "a" * NAME_MAX,
        "processes": {"p" * NAME_MAX: {**WORKER, "count": 100}},
        "jobs": {"j" * NAME_MAX: CLEANUP},
    }
    release = release_id("v" * (VERSION_MAX + 1), "0a1b2c3d4e5f")
    layout = Layout(app["name"])
    assert max(len(layout.unit(unit["kind"], release)) for unit in work_units(app)) < 256
