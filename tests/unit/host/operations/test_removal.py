"""What is removed of an application, and what is said when something remains."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations import removal
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


def test_a_folder_is_removed_and_links_in_it_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    (tmp_path / "storage" / "uploads").mkdir(parents=True)
    (tmp_path / "storage" / "uploads" / "link").symlink_to(tmp_path / "other")
    removal._remove(tmp_path / "storage")
    removal._remove(tmp_path / "storage")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "other"]


def test_a_link_in_the_place_of_a_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "file").touch()
    (tmp_path / "storage").symlink_to(tmp_path / "disk")
    removal._remove(tmp_path / "storage")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["disk", "file"]


def test_what_remains_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a program goes on writing there."""
    monkeypatch.setattr(shutil, "rmtree", lambda *_arguments, **_options: None)
    with pytest.raises(DeployError, match=r"cannot be removed: found files in it after 3 tries; end the program"):
        removal._remove(tmp_path)
