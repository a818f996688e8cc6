"""The worst six of the table of applications, released in one run; `make projects` releases all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients import https
from tests.integration.hosts import APPS, DOMAIN, HOSTS, LAB, Run, playbook
from tests.integration.sources.conftest import App
from tests.integration.sources.prepare import FOLDER, INVENTORY
from tests.projects.sources import published
from tests.projects.styles import STYLES
from tests.projects.table import PROJECTS, Project

WORST = [project for project in PROJECTS if project.worst]


def domain_of(project: Project) -> str:
    return f"{project.name}.{DOMAIN}"


@pytest.fixture(scope="module", autouse=True)
def released() -> Iterator[None]:
    """Release all of them, each from a source of its own, and remove them at the end."""
    LAB.set_dns({domain_of(project): APPS for project in WORST})
    entries = [
        {
            **project.entry(),
            **published(LAB, FOLDER / "projects", project.name, project.files(), project.source),
            "domains": [domain_of(project)],
        }
        for project in WORST
    ]
    run(entries).ok()
    yield
    run([{**entry, "state": "absent"} for entry in entries]).ok()


def run(entries: list[dict[str, Any]]) -> Run:
    return playbook("--extra-vars", json.dumps({"asgi_apps": entries}), inventories=(HOSTS, INVENTORY))


@pytest.mark.parametrize("project", WORST, ids=lambda project: project.name)
def test_serves_its_page_and_what_its_build_made(project: Project, app: Callable[[str], App]) -> None:
    answers = {}
    for path in project.answers():
        answer = https.wait(domain_of(project), LAB.host(APPS).address, LAB.acme_root, path)
        answers[path] = answer.raise_for_status().text.strip()
    assert answers == project.answers()
    assert app(project.name).record()["requirements"] == STYLES[project.style].listed
