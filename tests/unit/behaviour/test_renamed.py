"""A former name of an option or a variable is refused with the present one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import argument_specs as specs
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import RENAMED, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.extra_vars import VARIABLES, run_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

ROLES = ("nginx", "certificate", "hardening")


@pytest.fixture(autouse=True)
def former_names(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "names" in request.fixturenames:
        monkeypatch.setattr(specs, "RENAMED", request.getfixturevalue("names"))


@pytest.mark.parametrize(
    ("names", "written", "message"),
    [
        pytest.param(
            {"processes_count": ("workers", "0.2.0")},
            {"processes_count": 4},
            "asgi_apps[0] (shop).processes_count: was renamed to workers in 0.2.0; write workers: …",
            id="an option",
        ),
        pytest.param(
            {"ready_path": ("gate.path", "0.3.0")},
            {"ready_path": "/ready"},
            "asgi_apps[0] (shop).ready_path: was renamed to gate.path in 0.3.0; write gate: {path: …}",
            id="into another option",
        ),
        pytest.param(
            {"route": ("path", "0.2.0")},
            {"gate": {"route": "/ready"}},
            "asgi_apps[0] (shop).gate.route: was renamed to path in 0.2.0; write path: …",
            id="an option of an option",
        ),
        pytest.param(
            {"worker": ("gate", "0.2.0")},
            {"worker": 4},
            "asgi_apps[0] (shop).worker: was renamed to gate in 0.2.0; write gate: …",
            id="rather than what is spelt like it",
        ),
    ],
)
def test_options(inventory: dict[str, Any], names: dict[str, Any], written: dict[str, Any], message: str) -> None:
    inventory["asgi_apps"][0].update(written)
    assert inventory_errors(inventory) == [message]


@pytest.mark.parametrize("names", [{"route": ("path", "0.2.0")}])
def test_the_same_word_where_the_present_name_is_none(inventory: dict[str, Any], names: dict[str, Any]) -> None:
    inventory["asgi_apps"][0]["route"] = "/ready"
    (error,) = inventory_errors(inventory)
    assert error.startswith("asgi_apps[0] (shop).route: is not an option; ")


@pytest.mark.parametrize("names", [{"certificate_mail": ("certificate_email", "0.2.0")}])
def test_variables(inventory: dict[str, Any], names: dict[str, Any]) -> None:
    inventory["certificate_mail"] = inventory.pop("certificate_email")
    errors = inventory_errors(inventory)
    assert errors[0] == "certificate_mail: was renamed to certificate_email in 0.2.0; write certificate_email: …"
    assert [error.partition(":")[0] for error in errors] == ["certificate_mail", "certificate_email"]


@pytest.mark.parametrize("names", [{"asgi_tag": ("asgi_version", "0.2.0")}])
def test_variables_of_a_run(names: dict[str, Any]) -> None:
    says = "asgi_tag: was renamed to asgi_version in 0.2.0; write asgi_version: …"
    assert run_errors({"asgi_tag": "v1", "asgi_app": "shop"}, ["shop"]) == [says]


def wrong(table: dict[str, tuple[str, str]]) -> list[str]:
    """Return the entries that lead nowhere, or that shadow what is there today."""
    everything: dict[str, Any] = {**role_options("app")["app_spec"]["options"], **{name: {} for name in VARIABLES}}
    for role in ROLES:
        everything |= role_options(role)
    inner = {name for option in everything.values() for name in option.get("options", {})}
    return [
        former
        for former, (present, _) in table.items()
        if present.split(".")[0] not in everything.keys() | inner or former in everything
    ]


def test_every_entry_of_the_table_leads_somewhere() -> None:
    assert wrong(RENAMED) == []
    assert wrong({"a": ("nowhere", "1.0.0"), "workers": ("gate", "1.0.0"), "b": ("gate.path", "1.0.0")}) == [
        "a",
        "workers",
    ]
