"""What is written of a project that no installer installs."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.project_metadata import (
    install,
    is_dynamic,
    metadata_files,
    name_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

PROJECT: dict[str, Any] = {
    "name": "My.Shop",
    "version": "1.4.2",
    "scripts": {"shop": "shop.cli:Commands.main", "shop-2": " shop.cli : main "},
    "gui-scripts": {"window": "shop.cli:main"},
    "entry-points": {"shop.plugins": {"bell": "shop.bell", "far": "shop.far:Far"}},
}


def test_its_version_and_its_entry_points_are_found(tmp_path: Path) -> None:
    install(metadata_files({"project": PROJECT}, None, sys.executable), tmp_path)
    (found,) = importlib.metadata.distributions(path=[str(tmp_path)])
    assert (found.metadata["Name"], found.version) == ("my-shop", "1.4.2")
    assert {(point.group, point.name, point.value) for point in found.entry_points} == {
        ("console_scripts", "shop", "shop.cli:Commands.main"),
        ("console_scripts", "shop-2", "shop.cli : main"),
        ("gui_scripts", "window", "shop.cli:main"),
        ("shop.plugins", "bell", "shop.bell"),
        ("shop.plugins", "far", "shop.far:Far"),
    }


def test_its_programs_call_their_functions_and_end_with_their_status(tmp_path: Path) -> None:
    packages, tree = tmp_path / "site", tmp_path / "tree"
    install(metadata_files({"project": PROJECT}, None, sys.executable), packages)
    (tree / "shop").mkdir(parents=True)
    code = "import sys\ndef main():\n    print(sys.argv[1:])\n    return 7\nclass Commands:\n    main = main\n"
    (tree / "shop" / "cli.py").write_text(code)
    for name in ("shop", "shop-2", "window"):
        program = [str(packages / "bin" / name), "x"]
        done = subprocess.run(program, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == ("['x']\n", 7), done.stderr


@pytest.mark.parametrize(
    ("project", "described", "version"),
    [
        ({"version": "1.0"}, "2.0", "1.0"),
        ({"dynamic": ["version"]}, "2.0.dev1+g0a1b2c3", "2.0.dev1+g0a1b2c3"),
        ({"version": "../../x"}, None, "0"),
        ({}, None, "0"),
    ],
)
def test_a_version_of_its_own_or_of_git(project: dict[str, Any], described: str | None, version: str) -> None:
    files = metadata_files({"project": {"name": "shop", **project}}, described, "/python")
    assert list(files) == [f"shop-{version}.dist-info/METADATA"]
    assert is_dynamic({"project": {"name": "shop", **project}}) == ("version" not in project)


@pytest.mark.parametrize("project", [None, {}, {"name": 3}, {"name": "a/b"}, {"version": "1.0"}])
def test_nothing_of_what_describes_no_project(project: object) -> None:
    pyproject: dict[str, Any] = {"project": project} if project is not None else {}
    assert metadata_files(pyproject, None, "/python") == {}
    assert name_of(pyproject) is None
    assert not is_dynamic(pyproject)


@pytest.mark.parametrize(
    "project",
    [
        {"scripts": {"shop": "shop.cli"}},
        {"scripts": {"shop": "shop.cli:main()"}},
        {"scripts": {"../shop": "shop.cli:main"}},
        {"scripts": {"shop": 3}},
        {"scripts": {"shop": "shop:main\nimport os"}},
        {"entry-points": {"plugins": {"a\nb": "shop.bell"}}},
    ],
)
def test_an_entry_point_that_is_none_is_refused(project: dict[str, Any]) -> None:
    with pytest.raises(DeployError, match=r"(?s)pyproject.toml: project\.\S+ has .*, expected an? \w+ of a module"):
        metadata_files({"project": {"name": "shop", **project}}, None, "/python")


def test_no_link_of_a_build_is_followed(tmp_path: Path) -> None:
    packages, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    packages.mkdir()
    (packages / "bin").symlink_to(outside)
    with pytest.raises(DeployError, match="the build has made bin, in which programs of the application belong"):
        install({"bin/shop": ""}, packages)
    (packages / "bin").unlink()
    (packages / "bin").mkdir()
    (packages / "bin" / "shop").symlink_to(outside / "shop")
    install({"bin/shop": "x"}, packages)
    assert list(outside.iterdir()) == []
    assert (packages / "bin" / "shop").read_text() == "x"
