"""Argument specs: types, defaults, and what is said of a mistake."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import (
    nearest,
    plain,
    resolve,
    role_options,
)

OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "domains": {"type": "list", "elements": "str", "required": True},
    "count": {"type": "int", "default": 4},
    "kind": {"type": "str", "default": "auto", "choices": ["auto", "uv", "pip"]},
    "env": {"type": "dict", "default": {}},
    "free": {"type": "str"},
    "gate": {
        "type": "dict",
        "default": {},
        "options": {
            "path": {"type": "str", "default": "/"},
            "timeout": {"type": "int", "default": 60},
            "status": {"type": "list", "elements": "str", "default": ["2xx"]},
        },
    },
}
LEAST: dict[str, Any] = {"name": "shop", "domains": ["a.example.com"]}
GATE = {"path": "/", "timeout": 60, "status": ["2xx"]}


def test_defaults() -> None:
    expected = {**LEAST, "count": 4, "kind": "auto", "env": {}, "free": None, "gate": GATE}
    assert resolve(OPTIONS, LEAST) == (expected, [])


def test_defaults_are_copies() -> None:
    resolved: Any = resolve(OPTIONS, LEAST)[0]
    resolved["gate"]["status"].append("5xx")
    resolved["env"]["A"] = "1"
    assert resolve(OPTIONS, LEAST)[0]["gate"] == GATE
    assert resolve(OPTIONS, LEAST)[0]["env"] == {}


@pytest.mark.parametrize(
    ("options", "resolved"),
    [
        pytest.param({"count": "8"}, {"count": 8}, id="number as text"),
        pytest.param({"count": None}, {"count": 4}, id="nothing is the default"),
        pytest.param({"free": 8}, {"free": "8"}, id="text written as a number"),
        pytest.param({"domains": "a.example.com"}, {"domains": ["a.example.com"]}, id="list of one as text"),
        pytest.param({"domains": "a.example,b.example"}, {"domains": ["a.example", "b.example"]}, id="list as text"),
        pytest.param({"gate": {}}, {"gate": GATE}, id="empty dictionary"),
        pytest.param({"gate": {"path": "/ready"}}, {"gate": {**GATE, "path": "/ready"}}, id="nested default"),
        pytest.param({"gate": {"status": [200, "3xx"]}}, {"gate": {**GATE, "status": ["200", "3xx"]}}, id="elements"),
        pytest.param({"gate": None}, {"gate": GATE}, id="no dictionary"),
        pytest.param({"env": {"A": 1, "B": {"c": 2}}}, {"env": {"A": 1, "B": {"c": 2}}}, id="free dictionary"),
    ],
)
def test_values(options: dict[str, Any], resolved: dict[str, Any]) -> None:
    actual, errors = resolve(OPTIONS, {**LEAST, **options})
    assert errors == []
    assert {key: actual[key] for key in resolved} == resolved


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        pytest.param(
            {},
            ["app.name: is missing; expected text", "app.domains: is missing; expected a list of text"],
            id="all that is required",
        ),
        pytest.param({**LEAST, "name": None}, ["app.name: is missing; expected text"], id="required and empty"),
        pytest.param(
            {**LEAST, "cuont": 1}, ["app.cuont: is not an option; did you mean count?"], id="unknown, with a near one"
        ),
        pytest.param(
            {**LEAST, "zzz": 1},
            ["app.zzz: is not an option; known are count, domains, env, free, gate, kind, name"],
            id="unknown, with none near",
        ),
        pytest.param(
            {**LEAST, "count": "many"}, ["app.count: found 'many', expected a whole number, as in 4"], id="no number"
        ),
        pytest.param({**LEAST, "count": 2.5}, ["app.count: found 2.5, expected a whole number, as in 4"], id="half"),
        pytest.param(
            {**LEAST, "count": True}, ["app.count: found True, expected a whole number, as in 4"], id="true as number"
        ),
        pytest.param(
            {**LEAST, "kind": "conda"},
            ["app.kind: found 'conda', expected one of auto, uv, pip, as in 'auto'"],
            id="choice",
        ),
        pytest.param({**LEAST, "free": ["a"]}, ["app.free: found ['a'], expected text"], id="list as text"),
        pytest.param({**LEAST, "free": {"a": 1}}, ["app.free: found {'a': 1}, expected text"], id="dictionary as text"),
        pytest.param({**LEAST, "env": "A"}, ["app.env: found 'A', expected a dictionary"], id="text as dictionary"),
        pytest.param({**LEAST, "env": ["A"]}, ["app.env: found ['A'], expected a dictionary"], id="list as dictionary"),
        pytest.param(
            {**LEAST, "domains": {"a": 1}},
            ["app.domains: found {'a': 1}, expected a list of text"],
            id="dictionary as list",
        ),
        pytest.param(
            {**LEAST, "gate": ["/"]},
            ["app.gate: found ['/'], expected a dictionary with path, timeout, status"],
            id="nested as list",
        ),
        pytest.param(
            {**LEAST, "gate": {"pth": "/", "timeout": "x"}},
            [
                "app.gate.pth: is not an option; did you mean path?",
                "app.gate.timeout: found 'x', expected a whole number, as in 60",
            ],
            id="nested mistakes",
        ),
    ],
)
def test_mistakes(values: dict[str, Any], errors: list[str]) -> None:
    assert resolve(OPTIONS, values, "app.")[1] == errors


def test_nested_options_as_text() -> None:
    """Ansible reads key=value text as a dictionary; its missing options must not stay missing."""
    resolved, errors = resolve(OPTIONS, {**LEAST, "gate": "path=/ready"})
    assert errors or resolved["gate"] == {**GATE, "path": "/ready"}


@pytest.mark.parametrize(
    ("word", "known", "actual"),
    [
        ("certificate_emial", ["certificate_email", "certificate_name"], "certificate_email"),
        ("domain", ["domains", "name"], "domains"),
        ("xyz", ["domains", "name"], None),
        ("xyz", [], None),
    ],
)
def test_nearest(word: str, known: list[str], actual: str | None) -> None:
    assert nearest(word, known) == actual


def test_plain() -> None:
    class Text(str):
        __slots__ = ()

    actual: Any = plain({Text("a"): (Text("b"), 1, None, True)})
    assert actual == {"a": ["b", 1, None, True]}
    assert {type(actual["a"][0]), *map(type, actual)} == {str}


@pytest.mark.parametrize("role", ["app", "nginx", "certificate"])
def test_options_of_a_role_are_described(role: str) -> None:
    def described(options: dict[str, Any]) -> bool:
        return all(item["description"] and described(item.get("options", {})) for item in options.values())

    assert role_options(role)
    assert described(role_options(role))
