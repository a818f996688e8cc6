"""A Python that the host does not have, from a mirror in the lab: an archive of the one of Debian 12."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.conftest import Web, web
from tests.integration.hosts import APPS, DOMAIN, HOSTS, Run, playbook
from tests.integration.release.test_releases import traffic
from tests.integration.sources.conftest import PYTHON, App
from tests.integration.sources.prepare import INVENTORY

pytestmark = pytest.mark.skipif(PYTHON == "3.11", reason="the host has the Python of the mirror")

ENTRY = {
    "name": "mirrored",
    "directory": "sources/directory",
    "module": "shop.main:app",
    "domains": [f"mirrored.{DOMAIN}"],
    "workers": 1,
    "gate": {"path": "/ready"},
    "watch": {"seconds": 1},
    "drain_timeout": 5,
    "keep_releases": 1,
    "site": {"rate": "none"},  # the tests' load comes from one address
}
PYTHONS = "/opt/asgi/python"


def run(name: str = "site", **changes: Any) -> Run:
    """Run a playbook with only this application, its entry changed."""
    variables = json.dumps({"asgi_apps": [{**ENTRY, **changes}]})
    return playbook("--extra-vars", variables, name=name, inventories=(HOSTS, INVENTORY))


@pytest.fixture(scope="module")
def mirror(prepared: dict[str, str]) -> dict[str, Any]:
    """Return the options that ask for the mirror's Python."""
    archives = {prepared["python_name"]: prepared["python_sha256"]}
    return {"python": "3.11", "python_mirror": {"url": prepared["python_mirror"], "archives": archives}}


@pytest.fixture(scope="module")
def site(app: Callable[[str], App]) -> Iterator[Web]:
    """Return the application, which serves with the host's own Python first, and is removed at the end."""
    run().ok()
    yield web(APPS, "mirrored", "mirrored", Web)
    run(state="absent").ok()


def held(site: Web) -> list[str]:
    """Return the interpreters from mirrors that the host has."""
    return site.host.run(f"ls -A {PYTHONS}", check=False).stdout.split()


def test_a_mirror_is_asked_for_only_with_the_option(site: Web) -> None:
    refused = run(python="3.11")
    assert refused.status != 0
    assert "python: found '3.11', which this host does not have. It has python: " in refused.output
    assert "or write python_mirror, from which uv fetches that version" in refused.output
    assert held(site) == []


def test_another_archive_is_refused_and_nothing_of_it_stays(site: Web, mirror: dict[str, Any]) -> None:
    before, archives = site.live(), dict.fromkeys(mirror["python_mirror"]["archives"], "0" * 64)
    refused = run(**{**mirror, "python_mirror": {**mirror["python_mirror"], "archives": archives}})
    assert refused.status != 0
    assert f"expected {'0' * 64}; nothing of it was unpacked" in refused.output
    assert site.live() == before
    assert held(site) == []


def test_it_serves_as_long_as_a_release_needs_it(site: Web, mirror: dict[str, Any]) -> None:
    plan = run("plan", **mirror).ok().output
    assert f"fetched from {mirror['python_mirror']['url']}/cpython-3.11." in plan
    assert held(site) == [], "a plan fetches nothing"
    with traffic([site]):
        run(**mirror).ok()
        (name,) = held(site)
        site.drained()
    pid = site.host.run(f"systemctl show -P MainPID asgi-mirrored@{site.live()}").stdout.strip()
    program = site.host.run(f"readlink /proc/{pid}/exe").stdout.strip()
    assert program.startswith(f"{PYTHONS}/{name}/"), "the sandbox of the service runs it"
    loose = f"find {PYTHONS} ! -type l \\( ! -user root -o -perm /022 \\)"
    assert site.host.run(loose).stdout == "", "only root may write it"
    assert run(**mirror).ok().counts(APPS)["changed"] == 0
    run().ok()
    site.drained()
    assert held(site) == [name], "a rollback would need it"
    run(env={"MORE": "1"}).ok()
    assert held(site) == []
