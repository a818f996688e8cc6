"""What systemd's own analysis says of the sandboxes, from the units' texts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PATHS
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import files as files_app
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

Facts = Callable[[str], Any]
Render = Callable[..., str]
Variable = Callable[..., Any]

MOST = 1.5
EVERYTHING: dict[str, Any] = {
    "release_command": "true",
    "processes": {"worker": "python -m shop.worker"},
    "jobs": {"tick": {"command": "python -m shop.tick", "schedule": "daily"}},
    "health": {"metrics": "/metrics"},
    "storage": ["media"],
}


@pytest.fixture
def exposure(tmp_path: Path) -> Callable[[str], float]:
    def analysed(text: str) -> float:
        file = tmp_path / "analysed.service"
        file.write_text(text.replace("%i", "v1-0a1b2c3d"), encoding="utf-8")
        argv = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(file)]
        shown = subprocess.run(argv, capture_output=True, text=True, check=False)
        last = shown.stdout.splitlines()[-1] if shown.stdout else shown.stderr
        return float(last.split(":")[1].split()[0])

    return analysed


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"proxy": "none"},
        {"sandbox": {"outgoing": ["10.0.0.0/8"]}, "wheelhouse": "wheels"},
        {"sandbox": {"jit": True}},
    ],
)
def test_every_unit_of_an_application(
    desired_state: Variable,
    exposure: Callable[[str], float],
    spec: dict[str, Any],
    facts: Facts,
    options: dict[str, Any],
) -> None:
    units = files_app.units(app_plan({**spec, **EVERYTHING, **options}, facts("13")))
    services = {kind: text for kind, text in units.items() if "[Service]" in text}
    assert set(services) == {"service", "command", "drain", "process-worker-1", "job-tick"}
    assert {kind: actual for kind, text in services.items() if (actual := exposure(text)) > MOST} == {}


def test_it_would_be_seen(exposure: Callable[[str], float]) -> None:
    assert exposure("[Service]\nExecStart=/bin/true\n") > 9


def test_nginx(render: Render, facts: Facts, exposure: Callable[[str], float]) -> None:
    """Its package's unit has next to nothing of its own."""
    dropped = render("nginx", "sandbox.conf.j2", ansible_facts=facts("12"))
    assert exposure(f"{dropped}ExecStart=/usr/sbin/nginx\n") <= 3


def test_nginx_has_it_unless_it_is_switched_off(desired_state: Variable, facts: Facts) -> None:
    for options, state in (({}, "file"), ({"nginx_sandbox": False}, "absent")):
        *_, actual = desired_state("nginx", ansible_facts=facts("12"), **options)["files"]
        assert actual["path"] == "/etc/systemd/system/nginx.service.d/asgi-deploy.conf"
        assert actual["state"] == state


def test_renewal(render: Render, exposure: Callable[[str], float]) -> None:
    text = render(
        "certificate", "renew.service.j2", plan={"library": "/opt/asgi/lib", "module": "module", "paths": PATHS}
    )
    assert exposure(text) <= 3


def test_restarts_after_upgrades(render: Render, facts: Facts, exposure: Callable[[str], float]) -> None:
    assert exposure(render("hardening", "restart.service.j2", ansible_facts=facts("12"))) <= 3.5


def test_failure_is_reported(render: Render, verify: Callable[[dict[str, str]], None]) -> None:
    text = render("app", "failed.service.j2", plan={})
    verify({"asgi-failed@a.service": text})
    assert json.dumps("OBJECT_SYSTEMD_UNIT=$$MONITOR_UNIT") in text
