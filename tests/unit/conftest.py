"""Fixtures of all unit tests, and Ansible's loader, which must come before the first import from the collection."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

from tests import ROOT

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every text is trusted
    trust_as_template = str


def trusted(text: str) -> Any:
    """Return a text that is a template."""
    return trust_as_template(text)


Template = Callable[..., Any]
Render = Callable[..., Any]
Here = Callable[..., Any]

init_plugin_loader([str(ROOT / ".venv" / "collections")])


@pytest.fixture
def spec() -> dict[str, Any]:
    """Return the least that a user writes for an application."""
    return {
        "name": "shop",
        "git": "https://git.example.com/shop.git",
        "module": "shop.main:app",
        "domains": ["shop.example.com", "www.example.com"],
    }


@pytest.fixture
def inventory(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of a host where everything is right."""
    return {"asgi_apps": [copy.deepcopy(spec)], "certificate_email": "ops@example.com"}


@pytest.fixture
def facts() -> Callable[[str], Any]:
    """Return the facts of a host with 2 CPUs and 4 GiB that runs a version of Debian."""

    def debian(major: str = "13") -> dict[str, Any]:
        return {
            "distribution": "Debian",
            "distribution_major_version": major,
            "processor_nproc": 2,
            "processor_vcpus": 4,
            "memtotal_mb": 4096,
        }

    return debian


@pytest.fixture
def template() -> Template:
    """Evaluate an expression as a playbook does."""

    def evaluate(expression: str, **variables: Any) -> Any:
        return Templar(DataLoader(), variables=variables).template(trust_as_template(expression))

    return evaluate


@pytest.fixture
def here() -> Here:
    """Return a host's variables, as an action has them."""

    def of(**variables: Any) -> Any:
        from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_context import AnsibleHostContext

        loader = DataLoader()
        return AnsibleHostContext(loader, Templar(loader, variables=variables), variables)

    return of


@pytest.fixture
def render(here: Here) -> Render:
    """Return the text of a role's template, with what is decided of the given variables, or with `plan`."""
    from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered
    from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.desired import plan_of

    def text(role: str, name: str, plan: dict[str, Any] | None = None, **variables: Any) -> str:
        if plan is None:
            return str(rendered(role, name, plan_of(role, here(**variables), {})))
        return str(rendered(role, name, plan, **variables))

    return text


@pytest.fixture
def desired_state(here: Here) -> Render:
    """Return what a role's tasks take, with what is decided of the given variables, or with `plan`."""
    from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import desired

    def found(role: str, plan: dict[str, Any] | None = None, **variables: Any) -> Any:
        host = here(**variables)
        packed: dict[str, Any] = (
            {"packed": {"source": {}, "wheelhouse": None, "archives": [], "included": {}}} if role == "app" else {}
        )
        return desired.desired_state(
            role, {**(desired.plan_of(role, host, {}) if plan is None else plan), **packed}, host
        )

    return found


@pytest.fixture
def verify(tmp_path: Path) -> Callable[[dict[str, str]], None]:
    """Make systemd read units; anything that it objects to fails the test."""

    def verified(units: dict[str, str]) -> None:
        folder = tmp_path / "units"
        folder.mkdir()
        for name, text in units.items():
            (folder / name).write_text(text, encoding="utf-8")
        argv = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=one", *sorted(units)]
        shown = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        output = shown.stdout + shown.stderr
        assert shown.returncode == 0 and not output, output

    return verified
