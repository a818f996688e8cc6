"""What is installed in an environment is known without running any of it, and without being led elsewhere."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build import venvs
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import ROOT_RUNNER
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import DEFAULT_SOURCES
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import concern, distributions, names
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised


def test_as_python_itself_finds_them() -> None:
    whole = Path(sys.prefix)
    folders = [str(path) for path in whole.glob("lib/python*/site-packages")]
    known = {
        normalised(distribution.metadata["Name"]): distribution.version
        for distribution in metadata.distributions(path=folders)
    }
    assert distributions(whole) == known
    assert names(whole) == set(known)


@pytest.fixture
def described(tmp_path: Path) -> Path:
    folder = tmp_path / "lib" / "python3.13" / "site-packages" / "evil-1.dist-info"
    folder.mkdir(parents=True)
    return folder / "METADATA"


def test_a_pipe_delays_no_one(tmp_path: Path, described: Path) -> None:
    os.mkfifo(described)
    with pytest.raises(DeployError, match="METADATA is no regular file"):
        distributions(tmp_path)


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd"])
def test_a_link_leads_nowhere(tmp_path: Path, described: Path, target: str) -> None:
    described.symlink_to(target)
    with pytest.raises(DeployError, match="METADATA leads out of its folder"):
        distributions(tmp_path)


def test_a_folder_elsewhere_is_not_read(tmp_path: Path, described: Path) -> None:
    described.write_text("Name: other\nVersion: 1\n")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "lib").symlink_to(tmp_path / "lib")
    with pytest.raises(DeployError, match="leads out of its folder"):
        distributions(tmp_path / "venv")


def test_a_description_may_be_long(tmp_path: Path, described: Path) -> None:
    described.write_text("Name: evil\nVersion: 1\n\n" + "x" * 10_000_000)
    assert distributions(tmp_path) == {"evil": "1"}


LOCKED = {"uvicorn", "uvicorn-worker"}


@pytest.mark.parametrize(
    ("printed", "ours"),
    [
        ("Found 1 incompatibility\nThe package `uvicorn` requires `click>=8`, but it's not installed", True),
        ("The package `shop` requires `click>=8`, but `7.0` is installed", False),
        (
            "The package `shop` requires `a`, but it's not installed\nThe package `Uvicorn_Worker` requires `x`, but",
            True,
        ),
        ("uvicorn 0.54.0 requires click, which is not installed.", True),
        ("shop 1.0 has requirement uvicorn<0.5, but you have uvicorn 0.54.0.", False),
        ("uvicorn-worker 0.4.0 has requirement gunicorn>=22, but you have gunicorn 19.0.", True),
        ("No module named pip", True),
        ("", True),
    ],
)
def test_what_does_not_go_together_concerns_us_where_we_brought_it(printed: str, ours: bool) -> None:
    assert concern(printed, LOCKED) is ours


class Full:
    """An installer on a disk without room."""

    name = "full"
    runner = ROOT_RUNNER
    sources = DEFAULT_SOURCES

    def create(self, venv: Path, _interpreter: object) -> None:
        (venv / "bin").mkdir(parents=True)

    def install(self, *_arguments: object, **_options: object) -> None:
        raise DeployError("the virtual environment could not be built:\nNo space left on device")


def test_half_an_environment_is_removed(tmp_path: Path) -> None:
    installer: Any = Full()
    nothing: Any = None
    requirements = Requirements("requirements.txt", "shop==1.0\n", local=False)
    with pytest.raises(DeployError, match="No space left"):
        venvs.build(tmp_path / "venvs" / "one", installer, nothing, requirements, tmp_path)
    assert not (tmp_path / "venvs" / "one").exists()
