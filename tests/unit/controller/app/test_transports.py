"""Plain transports of an entry, and what it has to say for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.transports import known_hosts
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

Facts = Callable[[str], Any]

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
REQUIREMENTS = "what its requirements name with http:// or git+http://"
PLAIN = "http://git.example.com/shop.git"
INDEX = {"url": "http://pypi.example.com/simple", "username": None, "password": None}
SIGNED = {"signers": [KEY]}
SSH = "ssh://git@git.example.com:2222/shop.git"


@pytest.mark.parametrize(
    ("changes", "plain", "allowed"),
    [
        ({}, [], False),
        ({"git": PLAIN, "insecure_transport": True}, [f"git {PLAIN}", REQUIREMENTS], True),
        ({"git": PLAIN, "verify": SIGNED}, [], True),
        ({"git": "http://localhost:3000/shop.git"}, [], False),
        ({"git": "git://[::1]/shop.git"}, [], False),
        (
            {"submodules": True, "insecure_transport": True},
            ["what .gitmodules of https://git.example.com/shop.git names with http:// or git://", REQUIREMENTS],
            True,
        ),
        ({"submodules": True, "verify": SIGNED}, [], True),
        ({"insecure_transport": True}, [REQUIREMENTS], True),
        ({"index": INDEX, "insecure_transport": True}, ["index http://pypi.example.com/simple", REQUIREMENTS], True),
        ({"index": INDEX, "require_hashes": True}, [], False),
        ({"index": {**INDEX, "url": "http://127.0.0.1:3141/simple"}}, [], False),
        (
            {"git": PLAIN, "index": INDEX, "insecure_transport": True},
            [f"git {PLAIN}", "index http://pypi.example.com/simple", REQUIREMENTS],
            True,
        ),
    ],
)
def test_plan_names_plain_transports(
    spec: dict[str, Any], facts: Facts, changes: dict[str, Any], plain: list[str], allowed: bool
) -> None:
    plan = app_plan({**spec, **changes}, facts("13"))
    assert plan["plain_transports"] == plain
    assert plan["source"]["plain_allowed"] is allowed


def test_application_that_must_go_may_have_plain_transports(inventory: dict[str, Any]) -> None:
    inventory["asgi_apps"][0] |= {"state": "absent", "git": PLAIN}
    assert inventory_errors(inventory) == []


@pytest.mark.parametrize(
    ("lines", "right"),
    [
        ([f"[git.example.com]:2222 {KEY}"], True),
        (["# git.example.com:2222 SSH-2.0-OpenSSH_9.2", f"[git.example.com]:2222 {KEY}", ""], True),
        ([f"@cert-authority [*.example.com]:2222 {KEY}"], True),
        ([f"git.example.com {KEY}"], False),
        ([f"@revoked [git.example.com]:2222 {KEY}"], False),
    ],
)
def test_known_hosts_must_name_the_server(inventory: dict[str, Any], lines: list[str], right: bool) -> None:
    inventory["asgi_apps"][0] |= {"git": SSH, "known_hosts": lines}
    errors = inventory_errors(inventory)
    assert errors == [] if right else "expected one of [git.example.com]:2222, where git comes from" in str(errors)


def test_known_hosts_of_only_submodules(inventory: dict[str, Any]) -> None:
    """The repository comes by HTTPS; where they come from is not known yet."""
    inventory["asgi_apps"][0] |= {"submodules": True, "known_hosts": [f"git.example.com {KEY}"]}
    assert inventory_errors(inventory) == []


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([f"git.example.com {KEY}", f"lib.example.com {KEY}"], ""),
        (
            [f"git.example.com {KEY}"],
            "known_hosts: has no line of lib.example.com, where git@lib.example.com:lib.git",
        ),
        (
            [f"lib.example.com {KEY}"],
            "found lines of lib.example.com, expected one of git.example.com, where git",
        ),
        (None, "known_hosts: has no line of lib.example.com"),
    ],
)
def test_known_hosts_must_name_servers_of_dependencies(
    inventory: dict[str, Any], lines: list[str] | None, says: str
) -> None:
    keys = {"git@lib.example.com:lib.git": PRIVATE}
    inventory["asgi_apps"][0] |= {"git": "git@git.example.com:shop.git", "dependency_keys": keys, "known_hosts": lines}
    errors = inventory_errors(inventory)
    assert says in str(errors) if says else errors == []


@pytest.mark.parametrize("source", [{"git": "https://git.example.com/shop.git"}, {"git": None, "directory": "."}])
def test_known_hosts_of_only_dependencies(inventory: dict[str, Any], source: dict[str, Any]) -> None:
    keys = {"dependency_keys": {"git@lib.example.com:lib.git": PRIVATE}}
    inventory["asgi_apps"][0] |= {**source, **keys, "known_hosts": [f"lib.example.com {KEY}"]}
    assert inventory_errors(inventory) == []


def test_long_lines_are_cut_in_messages() -> None:
    assert len(known_hosts(["x" * 10_000]) or "") < 250
