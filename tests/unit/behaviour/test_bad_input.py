"""Wrong inventories, one after the other: its messages, word for word, all at once and without its secrets."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

# Each entry: options of one application in addition to those of the fixture `spec`, or of several, or variables of the
# host; `<1000 x>` stands for a thousand of them; and all that is said.
TABLE = yaml.safe_load(Path(__file__).with_name("bad_input.yml").read_text(encoding="utf-8"))
ROWS = [pytest.param(row, id=f"{group}-{number}") for group, rows in TABLE.items() for number, row in enumerate(rows)]
SECRETS = ("hunter22", "b3Bl")
CONTENTS = {"a.pem": {"content": ""}, "cert.pem": {"content": ""}}


def enlarged(value: Any) -> Any:
    """Return a value with what its placeholders stand for."""
    if isinstance(value, dict):
        return {enlarged(key): enlarged(item) for key, item in value.items()}
    if isinstance(value, list):
        return [enlarged(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"<(\d+) (.+?)>", lambda result: int(result[1]) * result[2], value)
    return value


@pytest.mark.parametrize("row", ROWS)
def test_bad_input(inventory: dict[str, Any], row: dict[str, Any]) -> None:
    """The application next to it in the table is right, so what is said is of what is wrong."""
    options = enlarged(row.get("apps") or [row.get("app", {})])
    spec = inventory["asgi_apps"][0] | {"domains": ["shop.example.com"]}
    inventory["asgi_apps"] = [copy.deepcopy(spec) | entry for entry in options]
    inventory |= enlarged(row.get("variables", {}))
    assert inventory_errors(inventory, CONTENTS) == row["says"]


@pytest.mark.parametrize("row", ROWS)
def test_what_is_said(row: dict[str, Any]) -> None:
    """The variable first, then what is wrong; in one line that can be read, and without secrets."""
    assert row["says"]
    for text in row["says"]:
        assert re.match(
            r"(asgi_apps|asgi_apps\[\d+\]( \(.+\))?(\..+)?|(asgi|nginx|certificate)_\w+(\.\w+)?): \S", text
        ), text
        assert len(text) < 1700
        assert text == sanitize(text)
        assert not any(secret in text for secret in SECRETS), text


def test_more_names_than_a_certificate_has(inventory: dict[str, Any]) -> None:
    spec = inventory["asgi_apps"][0]
    spec["domains"] = [f"shop{number}.example.com" for number in range(60)]
    spec["site"] = {"redirect_from": [f"www{number}.example.com" for number in range(41)]}
    assert inventory_errors(inventory) == [
        "asgi_apps[0] (shop).domains: found 101 names with those of site.redirect_from, expected at most 100, which is "
        "what Let's Encrypt puts into a certificate"
    ]
    assert not inventory_errors(inventory | {"certificate_directory": "https://ca.example.com/directory"})
    spec["site"]["redirect_from"].pop()
    assert not inventory_errors(inventory)


def test_there_are_enough_of_every_kind() -> None:
    assert len(ROWS) >= 100
    assert len({str(row.values[0]) for row in ROWS}) == len(ROWS)
    assert set(TABLE) == {
        "types",
        "missing",
        "misspelt",
        "ranges",
        "paths",
        "commands",
        "units",
        "nginx",
        "domains",
        "sources",
        "without effect",
        "contradictions",
        "two applications",
        "enormous",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("found 'ssh://git@git.example.com/shop.git'", "found 'ssh://git@git.example.com/shop.git'"),
        ("found 'ssh://git:pw@git.example.com/x'", "found 'ssh://********@git.example.com/x'"),
        ("found 'https://ghp_token@git.example.com/a b'", "found 'https://********@git.example.com/a b'"),
        ("found 'git@git.example.com:shop.git'", "found 'git@git.example.com:shop.git'"),
        ("a\nb\x1b[0m\u200b\u2028ü", "a\\nb\\x1b[0m\\u200b\\u2028ü"),
        ("x" * 200, "x" * 200),
        ("x" * 201, f"{'x' * 60} … (121 characters more) … {'x' * 20}"),
    ],
)
def test_messages(text: str, shown: str) -> None:
    assert sanitize(text) == shown
    assert sanitize(shown) == shown


def test_a_message_of_many_words_ends() -> None:
    assert len(sanitize("many words " * 10_000 + "expected few")) < 1700
    assert sanitize("many words " * 10_000 + "expected few").endswith("expected few")
