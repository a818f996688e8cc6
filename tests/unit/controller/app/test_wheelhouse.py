"""The wheels that a host can install."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.wheelhouse import (
    Target,
    build_requirements,
    constraints,
    pinned,
)


def facts(major: str, minor: int, architecture: str = "x86_64") -> dict[str, Any]:
    return {
        "distribution": "Debian",
        "distribution_major_version": major,
        "architecture": architecture,
        "python": {"version": {"major": 3, "minor": minor}},
    }


@pytest.mark.parametrize(
    ("python", "host", "target"),
    [
        ("system", facts("13", 13), Target("3.13", "x86_64", 41)),
        ("system", facts("12", 11, "aarch64"), Target("3.11", "aarch64", 36)),
        ("3.12", facts("13", 13), Target("3.12", "x86_64", 41)),
        ("/opt/bin/python3.14", facts("13", 13), Target("3.14", "x86_64", 41)),
        ("system", facts("14", 14), Target("3.14", "x86_64", 43)),
        ("/opt/bin/python", facts("13", 13), Target("3.13", "x86_64", 41)),
    ],
)
def test_target_is_the_hosts_or_the_requested_python(python: str, host: Any, target: Target) -> None:
    assert Target.of(python, host) == target


def test_platforms_are_those_that_the_hosts_glibc_runs() -> None:
    intel, arm = Target("3.13", "x86_64", 41).platforms, Target("3.11", "aarch64", 36).platforms
    assert intel[0] == "manylinux_2_41_x86_64"
    assert {"manylinux2014_x86_64", "manylinux1_x86_64", "manylinux_2_5_x86_64", "linux_x86_64"} <= set(intel)
    assert "manylinux_2_42_x86_64" not in intel
    assert arm[-3:] == ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"]
    assert (Target("3.13", "x86_64", 41).for_uv, Target("3.11", "x86_64", 36).for_uv) == (
        "x86_64-manylinux_2_40",
        "x86_64-manylinux_2_36",
    )


def test_pinned_versions_are_read() -> None:
    text = "fastapi==0.165.0 \\\n    --hash=sha256:aa\nPydantic_Core==2.50.4 ; python_version > '3'\n# via x==1\n-e .\n"
    assert pinned(text) == {"fastapi": "0.165.0", "pydantic-core": "2.50.4"}


def test_wheelhouse_has_the_versions_that_hosts_install() -> None:
    lock = "click==8.5.1 --hash=sha256:aa\nuvicorn==0.54.0 --hash=sha256:bb\n"
    assert constraints(lock, {"click": "8.0.0", "shop": "1"}) == ["click==8.0.0", "uvicorn==0.54.0", "shop==1"]


def test_packages_of_the_repository_need_their_builds(tmp_path: Path) -> None:
    for name, backend in {"api": "hatchling", "lib": "flit_core"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(f'[build-system]\nrequires = ["{backend}"]\n')
    needed = Requirements("uv.lock", "", False, ("./lib",), tmp_path)
    assert build_requirements(tmp_path / "api", tmp_path, needed) == [["hatchling"], ["flit_core"]]
    assert build_requirements(tmp_path, tmp_path, Requirements("requirements.txt", "", False)) == []
