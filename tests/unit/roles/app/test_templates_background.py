"""Units of processes and jobs."""

from __future__ import annotations

from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.unit_checks import (
    command_of,
    is_exclusive,
    unit_value,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import files as files_app
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan

Facts = Callable[[str], Any]
Variable = Callable[..., Any]
Verify = Callable[..., None]

RELEASE = "v1-0a1b2c3d"
HOME = "/srv/asgi/shop/releases/%i"
PROCESSES: dict[str, Any] = {
    "worker": {
        "command": "celery -A 'shop 100% $X'",
        "count": 2,
        "memory": 512,
        "cpu": 0.5,
        "tasks": 32,
        "stop_timeout": 90,
    },
    "beat": {"command": "celery beat", "exclusive": True},
}
JOBS: dict[str, Any] = {
    "cleanup": {
        "command": "celery cleanup",
        "schedule": "Mon..Fri *-*-* 04:30 Europe/Berlin",
        "spread": 60,
        "persistent": False,
        "timeout": 90,
        "memory": 64,
    }
}


@pytest.fixture
def plan(spec: dict[str, Any], facts: Facts) -> AppPlan:
    return app_plan({**spec, "processes": PROCESSES, "jobs": JOBS}, facts("13"))


@pytest.fixture
def units(plan: AppPlan) -> dict[str, str]:
    """Return the texts of a release's units by kind."""
    return files_app.units(plan)


def section(text: str, name: str) -> dict[str, str]:
    """Return a section whose options are all there once; what may be there twice is looked for in the text."""
    parser = ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return dict(parser[name])


def test_every_kind_is_there(units: dict[str, str]) -> None:
    work = {"process-worker-1", "process-worker-2", "process-beat-1", "job-cleanup", "timer-cleanup", "live"}
    assert set(units) == work | {"service", "socket", "drain"}
    for text in units.values():
        assert text.startswith("# Written by asgi.deploy, role app")
        assert text.endswith("\n") and not text.endswith("\n\n")
        assert "{{" not in text and "{%" not in text


def test_process(units: dict[str, str]) -> None:
    text = units["process-worker-2"]
    service = section(text, "Service")
    expected = {
        "Type": "exec",
        "ExecStart": '"celery" "-A" "shop 100%% $$X"',
        "ExecSearchPath": f"{HOME}/site/bin:{HOME}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "KillMode": "mixed",
        "TimeoutStopSec": "90",
        "Restart": "always",
        "MemoryMax": "512M",
        "CPUQuota": "50%",
        "TasksMax": "32",
        "User": "asgi-shop",
        "WorkingDirectory": f"{HOME}/src",
        "EnvironmentFile": f"{HOME}/environment",
        "SyslogIdentifier": "shop.worker",
        "LimitNOFILE": "65536",
    }
    assert {name: service.get(name) for name in expected} == expected
    assert "Environment=ASGI_PROCESS=worker\n" in text
    assert "Environment=ASGI_APP=shop ASGI_RELEASE=%i\n" in text
    assert section(text, "Unit")["PartOf"] == "asgi-shop.live@%i.target"
    assert section(text, "Unit")["OnFailure"] == "asgi-failed@%n.service"
    assert section(units["process-beat-1"], "Service")["MemoryMax"] == "90%"
    assert "CPUQuota" not in units["process-beat-1"]


def test_job(units: dict[str, str]) -> None:
    text = units["job-cleanup"]
    service = section(text, "Service")
    expected = {"Type": "oneshot", "TimeoutStartSec": "90", "MemoryMax": "64M", "SyslogIdentifier": "shop.cleanup"}
    assert {name: service.get(name) for name in expected} == expected
    assert "Environment=ASGI_JOB=cleanup\n" in text
    assert not {"Restart", "RemainAfterExit"} & set(service)
    assert not {"PartOf", "BindsTo", "Requires"} & set(section(text, "Unit")), "it ends in peace"


def test_timer(units: dict[str, str]) -> None:
    text = units["timer-cleanup"]
    assert section(text, "Timer") == {
        "OnCalendar": "Mon..Fri *-*-* 04:30 Europe/Berlin",
        "RandomizedDelaySec": "60",
        "AccuracySec": "1s",
        "Persistent": "no",
    }
    assert section(text, "Unit")["PartOf"] == "asgi-shop.live@%i.target"


def test_need_what_the_application_needs(spec: dict[str, Any], facts: Facts) -> None:
    decided = app_plan({**spec, "needs": ["postgresql.service"], "processes": PROCESSES, "jobs": JOBS}, facts("13"))
    units = files_app.work_units(decided)
    for kind in ("process-worker-1", "job-cleanup"):
        for key in ("After", "Wants"):
            assert section(units[kind], "Unit")[key].split() == [
                *("network-online.target", "postgresql.service", "systemd-journald@asgi-shop.service")
            ]


def test_target(units: dict[str, str]) -> None:
    units_of_wants = [line.removeprefix("Wants=") for line in units["live"].splitlines() if line.startswith("Wants=")]
    moved = [kind for kind in units if kind.startswith(("process-", "timer-"))]
    assert units_of_wants == [Layout("shop").unit(kind, "%i") for kind in moved]


def test_see_what_the_application_sees(units: dict[str, str]) -> None:
    """All lines of the server's sandbox, and only the name in the journal is another."""
    service = units["service"]
    sandbox = set(service[service.index("User=") :].splitlines())
    for kind in ("process-worker-1", "process-beat-1", "job-cleanup"):
        assert sandbox <= set(units[kind].splitlines()), kind


def test_what_the_engine_reads_of_a_unit(units: dict[str, str]) -> None:
    assert (is_exclusive(units["process-worker-1"]), is_exclusive(units["process-beat-1"])) == (False, True)
    assert command_of(units["process-worker-1"]) == command_of(units["job-cleanup"]) == "celery"
    assert unit_value(units["timer-cleanup"], "OnCalendar") == "Mon..Fri *-*-* 04:30 Europe/Berlin"


@pytest.fixture
def installed(plan: AppPlan, tmp_path: Path) -> dict[str, str]:
    """Return the units of a release whose program is there."""
    program = tmp_path / "releases" / RELEASE / "venv" / "bin" / "celery"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    for unit in plan["units"]:
        if "command" in unit:
            unit["command"] = unit["command"].replace("celery", str(program), 1)
    texts = files_app.work_units({**plan, "home": str(tmp_path)})
    return {Layout("shop").unit(kind, RELEASE): text for kind, text in texts.items()}


def test_systemd_takes_them(installed: dict[str, str], verify: Verify) -> None:
    verify(installed)


@pytest.mark.parametrize(
    "mistake",
    [
        ("PartOf", "PartOff"),
        ("OnCalendar=Mon", "OnCalendar=Mun"),
        ("MemoryMax=512M", "MemoryMax=512X"),
        ("Persistent", "Persistend"),
    ],
)
def test_systemd_would_report_a_mistake(installed: dict[str, str], verify: Verify, mistake: tuple[str, str]) -> None:
    with pytest.raises(AssertionError, match=mistake[1].split("=")[-1]):
        verify({name: text.replace(*mistake) for name, text in installed.items()})


def test_without_any(spec: dict[str, Any], facts: Facts) -> None:
    assert files_app.work_units(app_plan(spec, facts("13"))) == {}
