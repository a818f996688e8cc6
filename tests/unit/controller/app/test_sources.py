"""The hosts that builds reach: those of the sources, if the application is bounded; else all."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

INDEX = "https://pypi.example.com/simple"
MIRROR = "https://mirror.example.com/python"
BOUND: dict[str, Any] = {"outgoing": []}
LINES = ["lib.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"]
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
KEYS: dict[str, Any] = {"dependency_keys": {"git@lib.example.com:lib.git": KEY}, "known_hosts": LINES}


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({"index": {"url": INDEX}}, None),
        ({"sandbox": BOUND, "index": {"url": INDEX}}, ["git.example.com", "pypi.example.com"]),
        (
            {"sandbox": {"outgoing": ["192.0.2.53"]}, "index": {"url": INDEX, "hosts": ["files.example.com"]}},
            ["git.example.com", "pypi.example.com", "files.example.com"],
        ),
        ({"sandbox": BOUND, "index": {"hosts": ["pypi", "git.example.com"]}}, ["git.example.com", "pypi"]),
        ({"sandbox": BOUND, "wheelhouse": "wheels", "index": {"url": INDEX}}, ["git.example.com"]),
        ({"sandbox": BOUND, "index": {"hosts": ["pypi"]}, **KEYS}, ["git.example.com", "lib.example.com", "pypi"]),
        (
            {"sandbox": BOUND, "index": {"url": INDEX}, "package_indexes": {"team": {"url": "https://team/simple"}}},
            ["git.example.com", "pypi.example.com", "team"],
        ),
        ({"sandbox": BOUND, "wheelhouse": "wheels", "git": None, "directory": "."}, []),
        (
            {"sandbox": BOUND, "python": "3.14", "python_mirror": MIRROR, "index": {"hosts": ["pypi"]}},
            ["git.example.com", "pypi", "mirror.example.com"],
        ),
        ({"sandbox": BOUND, "git": "ssh://git@[2001:db8::1]/shop.git", "wheelhouse": "wheels"}, ["2001:db8::1"]),
    ],
)
def test_builds_of_a_bounded_application_reach_only_its_sources(
    spec: dict[str, Any], facts: Any, options: dict[str, Any], hosts: list[str] | None
) -> None:
    settings = {**spec, "git": "https://git.example.com/shop.git", **options}
    plan = app_plan({key: value for key, value in settings.items() if value is not None}, facts("13"))
    assert plan["build_hosts"] == hosts


def test_index_has_no_hosts_in_the_plan(spec: dict[str, Any], facts: Any) -> None:
    """The host gets an index only where it takes the place of its own."""
    own = app_plan({**spec, "sandbox": BOUND, "index": {"hosts": ["pypi.example.com"]}}, facts("13"))
    assert own["index"] is None
    other = app_plan({**spec, "sandbox": BOUND, "index": {"url": INDEX, "hosts": ["files"]}}, facts("13"))
    assert other["index"] == {"url": INDEX, "username": None, "password": None}


def test_a_host_gets_git_for_dependencies_by_key(spec: dict[str, Any], facts: Any) -> None:
    """And the servers that prove themselves, for a source that does not come from git as well."""
    del spec["git"]
    plan = app_plan({**spec, "directory": ".", **KEYS}, facts("13"))
    assert plan["packages"][:2] == ["python3-venv", "git"]
    assert plan["source"]["known_hosts"] == LINES


def test_a_host_gets_indexes_of_some_distributions(spec: dict[str, Any], facts: Any) -> None:
    """In the order of their names, as another order is no other release."""
    work: dict[str, Any] = {"url": "https://pypi.work.example.com/simple"}
    team: dict[str, Any] = {"url": INDEX, "username": "deploy", "password": "hunter22", "packages": ["Team_Core", "a"]}
    plan = app_plan({**spec, "package_indexes": {"work": work, "team": team}}, facts("13"))
    assert plan["package_indexes"] == [
        {"name": "team", **team, "packages": ["a", "team-core"]},
        {"name": "work", **work, "username": None, "password": None, "packages": []},
    ]


def test_an_index_of_some_distributions_over_a_plain_transport_is_named(spec: dict[str, Any], facts: Any) -> None:
    team: dict[str, Any] = {"url": "http://pypi.example.com/simple", "packages": ["team-core"]}
    plan = app_plan({**spec, "package_indexes": {"team": team}, "insecure_transport": True}, facts("13"))
    assert "index http://pypi.example.com/simple" in plan["plain_transports"]
