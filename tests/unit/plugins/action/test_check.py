"""What an inventory and a run are refused for, as the action finds it in a host's variables."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible import constants
from ansible_collections.asgi.deploy.plugins.action import check

from tests.unit.conftest import trusted

Here = Callable[..., Any]
OPTIONS: Any = {"apps": None, "needs": [], "wheelhouse": True, "change": {}}


@pytest.fixture(name="wrong")
def found_wrong(here: Here) -> Callable[..., list[str]]:
    def of(variables: dict[str, Any], **options: Any) -> list[str]:
        return check.find_errors(here(**variables), OPTIONS | options)

    return of


Wrong = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("version", "native", "right"), [("2.18.19", False, False), ("2.18.19", True, True), ("2.19.0", False, True)]
)
def test_values_stay_what_they_are(
    monkeypatch: pytest.MonkeyPatch, wrong: Wrong, inventory: dict[str, Any], version: str, native: bool, right: bool
) -> None:
    monkeypatch.setattr(check, "__version__", version)
    monkeypatch.setattr(constants, "DEFAULT_JINJA2_NATIVE", native)
    assert wrong(inventory) == ([] if right else [check.TEXT_ONLY])


def test_all_errors_are_reported_at_once(wrong: Wrong, inventory: dict[str, Any]) -> None:
    assert wrong(inventory) == []
    inventory["certificate_emial"] = inventory.pop("certificate_email")
    inventory["asgi_apps"][0]["domian"] = "x"
    inventory["asgi_app"] = "shpo"
    assert wrong(inventory, needs=["asgi_version"]) == [
        "certificate_emial: is not a variable of asgi.deploy; did you mean certificate_email?",
        "asgi_apps[0] (shop).domian: is not an option; did you mean domains?",
        "certificate_email: is missing; expected the address the CA writes to, "
        "as in certificate_email: ops@example.com",
        "asgi_app: found shpo, expected one of shop",
        "asgi_version: is missing; this playbook needs it, as in -e asgi_version=v1.5.0",
    ]


@pytest.mark.parametrize(
    ("variables", "actual"),
    [({}, "is missing"), ({"asgi_apps": []}, "found an empty list"), ({"asgi_apps": None}, "is missing")],
)
def test_a_run_that_needs_only_names_needs_some(wrong: Wrong, variables: dict[str, Any], actual: str) -> None:
    expected = [f"asgi_apps: {actual}; expected a list with an entry for each application"]
    assert wrong(variables, apps=[]) == expected == wrong(variables)[:1]


@pytest.mark.parametrize("apps", [None, 5, {}, [5]])
def test_applications_that_are_none(wrong: Wrong, apps: Any) -> None:
    assert any(error.startswith("asgi_apps") for error in wrong({"asgi_apps": apps, "asgi_app": "shop"}))


def test_no_other_variable_is_read(wrong: Wrong, inventory: dict[str, Any]) -> None:
    """A variable of another collection may be undefined at this point."""
    assert wrong({**inventory, "other": trusted("{{ not_defined_anywhere }}")}) == []


def test_a_variable_that_cannot_be_had_is_named(wrong: Wrong, inventory: dict[str, Any]) -> None:
    inventory["asgi_apps"][0]["env"] = {"PASSWORD": trusted("{{ vault_password }}")}
    (error,) = wrong(inventory)
    assert error.startswith("asgi_apps: cannot be read: ") and "'vault_password' is undefined" in error


def test_where_names_are_enough_nothing_else_is_read(wrong: Wrong, inventory: dict[str, Any]) -> None:
    inventory["asgi_apps"][0]["env"] = {"PASSWORD": trusted("{{ vault_password }}")}
    assert wrong({**inventory, "asgi_app": "shop"}, apps=["shop"]) == []
    assert wrong({**inventory, "asgi_app": "shpo"}, apps=["shop"]) == ["asgi_app: found shpo, expected one of shop"]


def test_variables_of_a_run_are_checked(wrong: Wrong, inventory: dict[str, Any]) -> None:
    assert wrong(inventory, change={"version": "v2"}) == []
    (error,) = wrong(inventory, change={"version": "--upload-pack=x"})
    assert error.startswith("asgi_apps[0] (shop).version: found '--upload-pack=x'")


def test_only_what_is_asked_for_is_changed(wrong: Wrong, inventory: dict[str, Any]) -> None:
    other = {**copy.deepcopy(inventory["asgi_apps"][0]), "name": "blog", "domains": ["blog.example.com"]}
    inventory["asgi_apps"].append(other)
    (error,) = wrong({**inventory, "asgi_app": "blog"}, change={"version": "a b"})
    assert error.startswith("asgi_apps[1] (blog).version: ")


def test_an_owner_of_a_shared_server_is_not_removed_by_itself(wrong: Wrong, inventory: dict[str, Any]) -> None:
    below = {**copy.deepcopy(inventory["asgi_apps"][0]), "name": "blog", "site": {"path": "/blog"}}
    inventory["asgi_apps"].append(below)
    assert wrong({**inventory, "asgi_app": "blog"}, change={"state": "absent"}) == []
    assert wrong({**inventory, "asgi_app": "shop"}, change={"state": "absent"}) == [
        "asgi_app: shop has the server that blog is below; take it out of asgi_apps, or write state: absent there, and "
        "run site.yml, which gives them another one"
    ]
