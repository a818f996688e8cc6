"""What roles and applications have inspected, and what comes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.asgi.deploy.plugins.action import survey
from ansible_collections.asgi.deploy.plugins.action.survey import ActionModule, checked
from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.inspections import inspect_all
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.facts import read_facts as found_here
from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import Inspection, PartsOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import PARTS_OPTIONS
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import Transport
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.desired import inspections_of_app, inspections_of_role
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import PlannedInspection

from tests.unit.conftest import trusted

Here = Callable[..., Any]
NOTHING_DIFFERS = {"missing_packages": [], "drift": [], "port_owners": {"80": "nginx"}}


@pytest.fixture(name="host")
def of_a_host(spec: dict[str, Any], facts: Callable[[str], Any], here: Here) -> Any:
    return here(ansible_facts=facts("13"), asgi_apps=[spec], certificate_email="ops@example.com")


def kinds_of(looks: list[PlannedInspection]) -> list[tuple[str, str, str]]:
    """Return which looks these are; each is such as the host takes."""
    assert len(checked(looks)[0]) == len(looks)
    return [(look.of, look.part, look.kind) for look in looks]


@pytest.mark.parametrize(("role", "kind"), [("nginx", "parts"), ("hardening", "hardening")])
def test_looks_of_a_role(host: Any, role: str, kind: str) -> None:
    assert kinds_of(inspections_of_role(role, host, f"role {role}", {})) == [(f"role {role}", "host", kind)]


def test_looks_of_an_application(host: Any, spec: dict[str, Any]) -> None:
    assert kinds_of(inspections_of_app(spec, host)) == [
        ("shop", "host", "parts"),
        ("shop", "release", "release"),
        ("shop", "certificate", "parts"),
    ]
    gone = inspections_of_app({**spec, "state": "absent"}, host)
    assert kinds_of(gone) == [("shop", "host", "parts"), ("shop", "release", "removal")]


def test_secrets_are_known(host: Any, spec: dict[str, Any]) -> None:
    """Nothing that the host finds may show them."""
    options: Any = {"env": {"TOKEN": "hush hush"}, "secrets": {"KEY": "very secret"}}
    _asked, secrets = checked(inspections_of_app({**spec, **options}, host))
    assert any("hush hush" in item for item in secrets) and "very secret" in secrets


def test_what_is_inspected_is_what_is_written(host: Any, desired_state: Callable[..., Any]) -> None:
    look: Any
    (look,) = inspections_of_role("nginx", host, "role nginx", {})
    written = desired_state("nginx", plan=look.plan)
    assert (look.options["files"], look.options["units"]) == (written["files"], written["units"])


@pytest.mark.parametrize("pipelining", [True, False])
def test_facts_that_are_kept_replace_no_variable(
    monkeypatch: pytest.MonkeyPatch, facts: Callable[[str], Any], pipelining: bool
) -> None:
    """Ansible makes a variable of each; what `setup` found before, such as a domain, is not reported again."""
    here = {**found_here(), **facts("13"), "distribution_release": "trixie"}
    output = {**here, "ansible_connection": "local", "_ansible_no_log": True}  # the last two only by an attacker
    monkeypatch.setattr(Transport, "call", lambda *_arguments: output)
    variables = {
        "inventory_hostname": "web1",
        "ansible_facts": {"domain": "lan", "memtotal_mb": 1},
        "nginx_worker_connections": trusted("{{ 1000 + ansible_facts.processor_nproc }}"),
    }
    loader = DataLoader()
    asked: list[Any] = []

    def inspect(_transport: Transport, inspections: list[PlannedInspection]) -> list[dict[str, Any]]:
        """Report that nothing differs."""
        asked.extend(inspections)
        return [dict(NOTHING_DIFFERS) for _ in inspections]

    task = SimpleNamespace(
        args={"roles": ["nginx"]}, check_mode=False, diff=False, async_val=0, delegate_to=None, no_log=False
    )
    action = ActionModule(task, MagicMock(), MagicMock(), loader, Templar(loader, variables=variables), None)
    monkeypatch.setattr(action, "_is_pipelining_enabled", lambda _style: pipelining)
    monkeypatch.setattr(Transport, "run_module", lambda *_arguments: {"found": [output]})
    monkeypatch.setattr(survey, "_inspect", inspect)
    kept = action.run(task_vars=variables)["ansible_facts"]
    assert kept == {f"ansible_{name}": here[name] for name in found_here()}
    assert asked[0].plan["worker_connections"] == 1002, "decided by what is true now"


def test_facts_are_a_look() -> None:
    """For who has no pipelining."""
    assert inspect_all([{"kind": "facts"}]) == [found_here()]


def inspection_of_parts(**options_of_parts: list[str]) -> Inspection:
    options: PartsOptions = ArgumentSpecValidator(PARTS_OPTIONS).validate(options_of_parts).validated_parameters
    return {"kind": "parts", "options": options}


def test_packages_of_all_parts_are_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def missing(names: list[str]) -> list[str]:
        asked.append(names)
        return ["git", "nginx"]

    monkeypatch.setattr(apt, "missing_packages", missing)
    parts = [
        inspection_of_parts(packages=["git", "nginx"]),
        inspection_of_parts(),
        inspection_of_parts(packages=["openssl", "git"]),
    ]
    assert [actual["missing_packages"] for actual in inspect_all(parts)] == [["git", "nginx"], [], ["git"]]
    assert asked == [["git", "nginx", "openssl"]]


def test_units_of_all_parts_are_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def idle(*names: str) -> list[str]:
        asked.append(names)
        return ["nginx.service"]

    monkeypatch.setattr(systemd, "not_running_or_enabled", idle)
    parts = [
        inspection_of_parts(units=["nginx.service", "a.timer"]),
        inspection_of_parts(),
        inspection_of_parts(units=["a.timer"]),
    ]
    assert [actual["inactive_units"] for actual in inspect_all(parts)] == [["nginx.service"], [], []]
    assert asked == [("nginx.service", "a.timer")]


def test_packages_that_cannot_be_listed_are_left_to_the_task_that_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_names: list[str]) -> list[str]:
        raise DeployError("dpkg-query cannot list what is installed")

    monkeypatch.setattr(apt, "missing_packages", missing)
    assert inspect_all([inspection_of_parts(packages=["git"])]) == [
        {"failed": "dpkg-query cannot list what is installed"}
    ]


def test_parts_that_are_missing_here() -> None:
    absent_ones = {"packages": ["no-such-package"], "users": ["nobody", "no-such-user"], "no_users": ["nobody"]}
    (actual,) = inspect_all([inspection_of_parts(**absent_ones)])
    assert actual["missing_packages"] == ["no-such-package"]
    assert actual["missing_users"] == ["no-such-user"]
    assert actual["present_users"] == ["nobody"]
