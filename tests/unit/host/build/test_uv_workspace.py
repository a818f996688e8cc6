"""Applications that are members of a workspace of uv, with uv itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Uv
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import (
    check_protection,
    packages_of,
    requirements_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.uv_workspace import (
    matches,
    package_lines,
    without_packages,
    workspace_root,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

WHERE = "/srv/git/shop at v1"
BUILD = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
PROJECT = '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{}]\n'
TREE = {
    ".": PROJECT.format("root", "") + '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/old"]\n',
    "packages/api": PROJECT.format("api", '"lib", "far"')
    + '[tool.uv.sources]\nlib = {workspace = true}\nfar = {path = "../../other"}\n'
    + '[dependency-groups]\nprod = ["tool"]\n[tool.uv.sources.tool]\nworkspace = true\n',
    "packages/lib": PROJECT.format("lib", "") + BUILD,
    "packages/tool": PROJECT.format("tool", "") + BUILD,
    "packages/old": PROJECT.format("old", "") + BUILD,
    "other": PROJECT.format("far", "") + BUILD,
}


@pytest.fixture(name="repository")
def workspace(tmp_path: Path) -> Path:
    """Return a repository with a workspace, locked at its root only."""
    for folder, text in TREE.items():
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "pyproject.toml").write_text(text, encoding="utf-8")
    env = {**os.environ, "UV_CACHE_DIR": str(tmp_path / ".cache")}
    subprocess.run(["uv", "lock", "--quiet", "--offline"], cwd=tmp_path, env=env, check=True)
    return tmp_path


def uv(repository: Path) -> Uv:
    """Return the installer, with a cache of its own."""
    installer = Uv(program=str(shutil.which("uv")))
    installer.env["UV_CACHE_DIR"] = str(repository / ".cache")
    return installer


def test_member_is_installed_by_the_lock_of_its_workspace(repository: Path) -> None:
    api = repository / "packages" / "api"
    actual = requirements_of(api, uv(repository), WHERE, whole=repository)
    assert (actual.source, actual.text, actual.local, actual.folder) == ("uv.lock", "", False, repository)
    folders = [repository / "other", repository / "packages" / "lib"]
    assert packages_of(api, repository, actual) == {folder: str(folder) for folder in folders}


def test_groups_of_a_member_are_installed(repository: Path) -> None:
    api, options = repository / "packages" / "api", DependencyOptions(groups=["prod"])
    actual = requirements_of(api, uv(repository), WHERE, options, repository)
    assert repository / "packages" / "tool" in packages_of(api, repository, actual)


def test_packages_of_the_repository_are_not_by_hashes(repository: Path) -> None:
    api = repository / "packages" / "api"
    actual = requirements_of(api, uv(repository), WHERE, whole=repository)
    with pytest.raises(DeployError, match=r"require_hashes: uv.lock of .* names \./"):
        check_protection(actual, api, WHERE, hashes=True, insecure=False)


def test_workspace_without_a_lock_is_refused(repository: Path) -> None:
    (repository / "uv.lock").unlink()
    with pytest.raises(DeployError, match=r"takes far, lib from \[tool\.uv\.sources\] of its pyproject\.toml"):
        requirements_of(repository / "packages" / "api", uv(repository), WHERE, whole=repository)


def test_sources_of_the_workspace_count_for_its_members(repository: Path) -> None:
    (repository / "uv.lock").unlink()
    root, api = repository / "pyproject.toml", repository / "packages" / "api" / "pyproject.toml"
    root.write_text(root.read_text() + "[tool.uv.sources]\nlib = {workspace = true}\n", encoding="utf-8")
    api.write_text(PROJECT.format("api", '"lib"'), encoding="utf-8")
    with pytest.raises(DeployError, match="takes lib from"):
        requirements_of(api.parent, uv(repository), WHERE, whole=repository)


def test_folders_that_are_no_members_have_no_workspace(repository: Path) -> None:
    assert workspace_root(repository / "packages" / "api", repository) == repository
    assert workspace_root(repository / "packages" / "old", repository) is None
    assert workspace_root(repository / "other", repository) is None
    assert workspace_root(repository / "packages" / "api", repository / "packages") is None  # nothing outside is read


@pytest.mark.parametrize(
    ("path", "pattern", "good"),
    [("a/b", "a/*", True), ("a/b/c", "a/*", False), ("a", "a", True), ("a/b-x", "a/b-?", True), ("b", "*/b", False)],
)
def test_patterns(path: str, pattern: str, good: bool) -> None:
    assert matches(path, pattern) is good


def test_paths_out_of_the_repository_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in" / "lib").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    whole = tmp_path / "in"
    assert package_lines(("./lib ; sys_platform == 'linux'",), whole, whole) == {
        whole / "lib": f"{whole / 'lib'} ; sys_platform == 'linux'"
    }
    for path in ("../out", "./link", "./none", "/etc"):
        with pytest.raises(DeployError, match="expected a folder of the same repository"):
            package_lines((path,), whole, whole)


def test_archives_stay_requirements() -> None:
    text = "./vendor/far-1-py3-none-any.whl \\\n    --hash=sha256:0\n./lib\nfastapi==1 \\\n    --hash=sha256:1\n"
    rest, packages = without_packages(text)
    assert rest == text.replace("./lib\n", "")
    assert packages == ("./lib",)
