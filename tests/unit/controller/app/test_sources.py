"""The hosts that builds reach: those of the sources, if the application is bounded; else all."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

INDEX = "https://pypi.example.com/simple"
MIRROR = "https://mirror.example.com/python"
BOUND: dict[str, Any] = {"outgoing": []}


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
