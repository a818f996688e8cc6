"""What is read of a pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import dependencies, read_pyproject
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

WHERE = "/srv/git/shop at v1"
GROUPS = """
[project]
name = "shop"
dependencies = ["fastapi"]
[dependency-groups]
Prod_Server = ["hypercorn", {include-group = "base"}]
base = ["httpx", {include-group = "prod-server"}]
wrong = [3]
"""


def read(tree: Path, text: str, *groups: str) -> list[str]:
    """Return what a project needs, with these groups."""
    (tree / "pyproject.toml").write_text(text, encoding="utf-8")
    return dependencies(read_pyproject(tree), DependencyOptions(groups=groups), WHERE)


def test_groups_include_others(tmp_path: Path) -> None:
    assert read(tmp_path, GROUPS) == ["fastapi"]
    assert read(tmp_path, GROUPS, "prod.server") == ["fastapi", "hypercorn", "httpx"]


@pytest.mark.parametrize(
    ("group", "says"),
    [
        (
            "dev",
            "dependency_groups: found 'dev', which the pyproject.toml of .* does not have; it has base, prod-server, w",
        ),
        ("wrong", "dependency-groups.wrong has 3, expected a requirement"),
    ],
)
def test_groups_that_cannot_be_read_are_refused(tmp_path: Path, group: str, says: str) -> None:
    with pytest.raises(DeployError, match=says):
        read(tmp_path, GROUPS, group)


@pytest.mark.parametrize(
    "source", ["{workspace = true}", '{path = "../lib"}', '{git = "https://git.example.com/lib.git"}', '{index = "x"}']
)
def test_sources_of_uv_need_its_lock(tmp_path: Path, source: str) -> None:
    text = f'[project]\nname = "api"\ndependencies = ["My_Lib>=1"]\n[tool.uv.sources]\nmy-lib = {source}\n'
    with pytest.raises(DeployError) as error:
        read(tmp_path, text)
    assert error.value.reason == (
        f"{WHERE} takes my-lib from [tool.uv.sources] of its pyproject.toml, which only a uv.lock can fix; run uv lock "
        "and commit uv.lock"
    )
    assert read(tmp_path, text.replace("My_Lib>=1", "other")) == ["other"]
