"""What is installed in an environment is known without running any of it, and without being led elsewhere."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import distributions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised


def test_as_python_itself_finds_them() -> None:
    whole = Path(sys.prefix)
    folders = [str(path) for path in whole.glob("lib/python*/site-packages")]
    known = {normalised(one.metadata["Name"]): one.version for one in metadata.distributions(path=folders)}
    assert distributions(whole) == known


@pytest.fixture
def described(tmp_path: Path) -> Path:
    folder = tmp_path / "lib" / "python3.13" / "site-packages" / "evil-1.dist-info"
    folder.mkdir(parents=True)
    return folder / "METADATA"


def test_a_pipe_holds_nobody_up(tmp_path: Path, described: Path) -> None:
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
