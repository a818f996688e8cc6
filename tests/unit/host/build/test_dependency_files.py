"""Which file lists what an application needs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import (
    Candidates,
    DependencyOptions,
    refuse_choices,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import read_pyproject
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import ORDER, kind_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

WHERE = "https://git.example.com/shop.git at v1 (0a1b2c3d4e5f)"
PROJECT = '[project]\nname = "shop"\nversion = "1"\n'


def candidates(tree: Path, *names: str, live: str | None = None, **files: str) -> Candidates:
    """Return the candidates of a tree with these files."""
    for name in names:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PROJECT if name == "pyproject.toml" else "", encoding="utf-8")
    for name, text in files.items():
        (tree / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return Candidates(tree, WHERE, (tree / "uv.lock").exists(), read_pyproject(tree), live)


def refusal(found: Candidates, requested: str | None = None) -> str:
    """Return why there is no file to use."""
    with pytest.raises(DeployError) as error:
        found.choose(requested)
    return error.value.reason


@pytest.mark.parametrize("name", [name for name in ORDER if name.endswith((".toml", ".txt")) or name == "uv.lock"])
def test_each_file_is_used_where_none_before_it_is_there(tmp_path: Path, name: str) -> None:
    after = [other for other in ORDER[ORDER.index(name) :] if other != "Pipfile.lock"]
    assert candidates(tmp_path, *after).choose(None) == name


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("poetry.lock", "poetry export --output=requirements.txt"),
        ("pdm.lock", "pdm export --format=requirements --output=requirements.txt"),
        ("Pipfile.lock", "pipenv requirements --hash > requirements.txt"),
    ],
)
def test_locks_of_other_tools_are_refused_with_their_export(tmp_path: Path, name: str, command: str) -> None:
    actual = candidates(tmp_path, name, "requirements.txt", "pyproject.toml")
    assert refusal(actual) == (
        f"{WHERE} has a {name}, which is not read here. Run {command}, commit that file, and write "
        "requirements: requirements.txt; requirements: pyproject.toml ignores the lock"
    )
    assert actual.choose("requirements.txt") == "requirements.txt"
    assert actual.choose("pyproject.toml") == "pyproject.toml"


def test_file_that_the_entry_names_is_used(tmp_path: Path) -> None:
    actual = candidates(tmp_path, "uv.lock", "requirements/production.txt", "pylock.api.toml")
    assert actual.choose("requirements/production.txt") == "requirements/production.txt"
    assert actual.choose("pylock.api.toml") == "pylock.api.toml"
    assert refusal(actual, "base.txt") == (
        f"requirements: found 'base.txt', which {WHERE} does not have; it has uv.lock, requirements/production.txt"
    )


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            [],
            "holds no uv.lock, pylock.toml, requirements.txt or pyproject.toml with a [project] table at its top; add",
        ),
        (
            ["requirements/production.txt"],
            "has requirements/production.txt; write which one to use, as in requirements: ",
        ),
        (
            ["requirements-prod.txt"],
            "has requirements-prod.txt; write which one to use, as in requirements: requirements-",
        ),
        (["Pipfile"], "has a Pipfile, which is no lock: run pipenv lock, then pipenv requirements --hash >"),
        (["setup.py", "setup.cfg"], "has a setup.py: list its install_requires in a requirements.txt"),
        (["setup.cfg"], "has a setup.cfg: list its install_requires"),
        (["environment.yml"], "has an environment.yml of conda: list its Python packages"),
    ],
)
def test_what_is_there_instead_is_named(tmp_path: Path, files: list[str], says: str) -> None:
    assert refusal(candidates(tmp_path, *files)).startswith(f"{WHERE} {says}")


def test_project_with_only_poetry_is_named(tmp_path: Path) -> None:
    actual = candidates(tmp_path, pyproject_toml='[tool.poetry]\nname = "shop"\n')
    assert "has a pyproject.toml of poetry without a [project] table; run poetry lock and poetry export" in refusal(
        actual
    )


def test_settings_of_tools_are_no_list_by_themselves(tmp_path: Path) -> None:
    actual = candidates(tmp_path, "requirements/production.txt", pyproject_toml="[tool.ruff]\n")
    assert "has requirements/production.txt" in refusal(actual)


@pytest.mark.parametrize(
    ("files", "live", "before"),
    [
        (["pylock.toml", "requirements.txt"], "requirements.txt", "requirements.txt"),
        (["pylock.toml", "requirements.txt"], "", "requirements.txt"),
        (["pylock.toml", "pyproject.toml"], "", "pyproject.toml"),
        (["uv.lock", "requirements.txt"], "requirements.txt", "requirements.txt"),
    ],
)
def test_live_application_does_not_change_its_file_silently(
    tmp_path: Path, files: list[str], live: str, before: str
) -> None:
    actual = candidates(tmp_path, *files, live=live)
    assert refusal(actual) == (
        f"{WHERE} has a {files[0]} and a {before}, and its live release was built from {before}; write which one to "
        f"use, as in requirements: {files[0]}"
    )
    assert actual.choose(files[0]) == files[0]
    assert candidates(tmp_path, *files).choose(None) == files[0]  # nothing is live


@pytest.mark.parametrize("live", ["uv.lock", "setup.py", ""])
def test_file_that_is_gone_or_the_same_does_not_matter(tmp_path: Path, live: str) -> None:
    assert candidates(tmp_path, "uv.lock", "requirements.txt", live=live).choose(None) == "uv.lock"


def test_file_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "all.txt").symlink_to("/etc/passwd")
    assert "holds no uv.lock" in refusal(candidates(tmp_path))
    assert "leads out of its folder" in refusal(candidates(tmp_path), "requirements/all.txt")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (DependencyOptions(extras=["postgres"]), "extras: found postgres, but"),
        (DependencyOptions(groups=["prod"]), "dependency_groups: found prod, but"),
    ],
)
def test_requirements_files_have_no_extras_and_no_groups(options: DependencyOptions, says: str) -> None:
    with pytest.raises(DeployError, match=f"^{says}"):
        refuse_choices(options, "requirements.txt", WHERE)


def test_kinds() -> None:
    assert kind_of("deps/base.in") == "requirements.txt"
    assert kind_of("pylock.toml") == "pylock.toml"
    assert kind_of("api/uv.lock") == "uv.lock"
