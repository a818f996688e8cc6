"""The decisions on each application of the table: which file counts, what is installed and served, what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Interpreter, Uv
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import read_pyproject
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_version import check_python
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import (
    Requirements,
    check_protection,
    packages_of,
    requirements_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import GUNICORN_WSGI, SERVERS
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import NEEDS

from tests.projects.frameworks import FRAMEWORKS
from tests.projects.refused import REFUSED, Refused
from tests.projects.styles import STYLES
from tests.projects.table import BUILDS, PROJECTS, Project

WHERE = "the application"
EVERY = [
    Project("every", style, server=server, build=build, framework="flask" if wsgi else "plain")
    for style, server, build in product(STYLES, SERVERS, BUILDS)
    for wsgi in [server == GUNICORN_WSGI]
    if build != "collectstatic" and not (wsgi and STYLES[style].locked)
]
COMPARED = ("style", "framework", "server", "build", "source")


def make(tree: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tree


def required(whole: Path, entry: Mapping[str, Any]) -> tuple[Path, Requirements]:
    """Return the application's folder, and what it needs, as a host decides before it builds."""
    tree = whole / entry.get("subdirectory", "")
    uv = Uv(program=str(shutil.which("uv")))
    uv.env["UV_CACHE_DIR"] = str(whole / ".cache")
    check_python(tree, read_pyproject(tree), Interpreter.requested("system"), False, WHERE)
    options = DependencyOptions(entry.get("requirements"), entry.get("extras", ()), entry.get("dependency_groups", ()))
    requirements = requirements_of(tree, uv, WHERE, options, whole)
    check_protection(requirements, tree, WHERE, hashes=False, insecure=False)
    return tree, requirements


def name_of(project: Project | Refused) -> str:
    return project.name


@pytest.mark.parametrize("project", EVERY, ids=lambda item: f"{item.style}-{item.server}-{item.build}")
def test_each_style_is_read_the_same_under_each_server(project: Project, tmp_path: Path, facts: Any) -> None:
    decided(project, tmp_path, facts)


@pytest.mark.parametrize("project", PROJECTS, ids=name_of)
def test_row_is_decided_as_its_style_says(project: Project, tmp_path: Path, facts: Any) -> None:
    decided(project, tmp_path, facts)


def decided(project: Project, whole: Path, facts: Any) -> None:
    """Check what the controller plans, and what the host would install."""
    style, entry = STYLES[project.style], project.entry()
    tree, requirements = required(make(whole, project.files()), entry)
    assert requirements.source == style.listed
    needs = requirements.text + "".join(requirements.packages)
    if not style.locked:
        assert all(line in needs for line in FRAMEWORKS[project.framework].needs)
    else:
        assert "itsdangerous==2.2.0" in needs
        assert "--hash=sha256:" in needs
    packages = packages_of(tree, whole, requirements)
    assert set(packages) == {(tree / name).resolve() for name in style.installed}
    plan = app_plan({**entry, "git": "https://git.example.com/shop.git", "domains": ["shop.example.com"]}, facts("13"))
    assert plan["serving"]["runtime"]["interface"] == FRAMEWORKS[project.framework].interface
    assert plan["build"]["commands"] == BUILDS[project.build][0]
    installed = {line.partition("==")[0] for line in plan["server_requirements"]}
    assert installed >= NEEDS[project.server]


@pytest.mark.parametrize("refused", REFUSED, ids=name_of)
def test_row_is_refused_by_its_text(refused: Refused, tmp_path: Path) -> None:
    with pytest.raises(DeployError) as error:
        required(make(tmp_path, refused.files), refused.entry)
    assert refused.text in str(error.value)


@pytest.mark.parametrize("project", PROJECTS, ids=name_of)
def test_row_is_possible(project: Project) -> None:
    style, framework = STYLES[project.style], FRAMEWORKS[project.framework]
    assert (framework.interface == "wsgi") == (project.server == GUNICORN_WSGI)
    assert project.framework == "plain" or not style.locked, "the lock of the style is for plain only"
    assert project.source == "git" or not style.git, "the version is that of a repository"
    assert project.build != "collectstatic" or project.framework.startswith("django")


def test_rows_have_names_of_their_own() -> None:
    names = [row.name for row in (*PROJECTS, *REFUSED)]
    assert len(names) == len(set(names))


def test_everything_is_built_for_real_at_least_once() -> None:
    values = {name: {getattr(project, name) for project in PROJECTS} for name in COMPARED}
    assert values["style"] == set(STYLES)
    assert values["framework"] == set(FRAMEWORKS)
    assert values["server"] == set(SERVERS)
    assert {(project.server, bool(BUILDS[project.build][0])) for project in PROJECTS} == pairs(SERVERS, (True, False))
    assert {(project.source, bool(STYLES[project.style].installed)) for project in PROJECTS} >= {
        ("git", True),
        ("git", False),
        ("archive", False),
        ("directory", True),
        ("directory", False),
    }


def pairs(first: Iterable[str], second: Iterable[bool]) -> set[tuple[str, bool]]:
    return set(product(first, second))


def test_six_rows_are_in_the_tests_of_each_change() -> None:
    assert len([project for project in PROJECTS if project.worst]) == 6
