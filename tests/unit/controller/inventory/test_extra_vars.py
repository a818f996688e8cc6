"""What a run is given with -e: every variable that a playbook reads is known, and what is wrong is reported."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import http_proxy
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.extra_vars import KNOWN, VARIABLES, run_errors

from tests import ROOT

PLAYBOOKS = ROOT / "playbooks"
READ = {file.stem: set(re.findall(r"\basgi_[a-z_]+", file.read_text())) for file in PLAYBOOKS.glob("*.yml")}
SHARED = set(re.findall(r"\basgi_[a-z_]+", "".join(file.read_text() for file in PLAYBOOKS.glob("*/*.yml"))))


def test_all_that_playbooks_read_is_known() -> None:
    assert set().union(SHARED, *READ.values()) == KNOWN - {"asgi_like", *http_proxy.VARIABLES}, "actions read these"


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.playbooks])
def test_playbooks_read_what_is_said_to_be_theirs(name: str) -> None:
    assert {playbook for playbook, read in READ.items() if name in read} == set(VARIABLES[name].playbooks)


@pytest.mark.parametrize("name", VARIABLES)
def test_examples_are_right(name: str) -> None:
    written, _, value = VARIABLES[name].example.strip('"').partition("=")
    assert written == name
    assert run_errors({name: value.strip("'")}, ["shop"]) == []


@pytest.mark.parametrize(
    ("options", "needs", "says"),
    [
        ({}, [], []),
        ({"asgi_app": "shop", "asgi_lines": "20", "asgi_access": True, "asgi_version": 1.5}, ["asgi_app"], []),
        ({"asgi_ap": "shop"}, [], ["asgi_ap: is not a variable of asgi.deploy; did you mean asgi_app?"]),
        (
            {"asgi_remove_dta": True},
            [],
            ["asgi_remove_dta: is not a variable of asgi.deploy; did you mean asgi_remove_data?"],
        ),
        ({"asgi_colour": "red"}, [], []),
        ({"asgi_app": "shpo"}, [], ["asgi_app: found shpo, expected one of shop, blog"]),
        ({}, ["asgi_app"], ["asgi_app: is missing; this playbook needs it, one of shop, blog"]),
        (
            {"asgi_app": "shop", "asgi_command": "  "},
            ["asgi_app", "asgi_command"],
            ["asgi_command: is missing; this playbook needs it, as in -e \"asgi_command='python -m shop.users list'\""],
        ),
        (
            {"asgi_urgent": "very", "asgi_app": "shop"},
            [],
            ["asgi_urgent: found 'very', expected true or false, as in -e asgi_urgent=true"],
        ),
        (
            {"asgi_maintenance": "perhaps"},
            ["asgi_maintenance"],
            ["asgi_maintenance: found 'perhaps', expected true or false, as in -e asgi_maintenance=true"],
        ),
        (
            {"asgi_format": "tabel"},
            [],
            ["asgi_format: found 'tabel', expected one of table, json, as in -e asgi_format=json"],
        ),
        (
            {"asgi_follow": "soon"},
            [],
            ["asgi_follow: found 'soon', expected a whole number, as in -e asgi_follow=60"],
        ),
        ({"asgi_lines": ""}, [], ["asgi_lines: found '', expected a whole number, as in -e asgi_lines=50"]),
    ],
)
def test_run_errors(options: dict[str, Any], needs: list[str], says: list[str]) -> None:
    assert run_errors(options, ["shop", "blog"], needs) == says
