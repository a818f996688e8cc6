"""Pointers of Git LFS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.lfs import refuse_pointers
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

WHERE = "https://git.example.com/shop.git at v1"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"


def tree(folder: Path, attributes: str = "*.png filter=lfs diff=lfs merge=lfs -text\n") -> Path:
    """Return a tree with a pointer, a file of the same kind, and what is no regular file."""
    (folder / "static").mkdir()
    (folder / ".gitattributes").write_text(attributes)
    (folder / "static" / "logo.png").write_text(POINTER)
    (folder / "static" / "icon.png").write_bytes(b"\x89PNG")
    (folder / "static" / "link.png").symlink_to("/dev/zero")
    return folder


def test_pointers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError) as error:
        refuse_pointers(tree(tmp_path), WHERE)
    assert error.value.reason.startswith(f"{WHERE} has pointers of Git LFS in the place of static/logo.png, and Git")


@pytest.mark.parametrize("attributes", ["", "*.py text\n"])
def test_a_tree_without_the_attribute_is_not_searched(tmp_path: Path, attributes: str) -> None:
    refuse_pointers(tree(tmp_path, attributes), WHERE)


def test_attributes_of_a_folder_count(tmp_path: Path) -> None:
    tree(tmp_path, "")
    (tmp_path / "static" / ".gitattributes").write_text("*.png filter=lfs diff=lfs merge=lfs -text\n")
    with pytest.raises(DeployError, match=r"pointers of Git LFS in the place of static/logo\.png"):
        refuse_pointers(tmp_path, WHERE)


def test_files_themselves_are_taken(tmp_path: Path) -> None:
    (tree(tmp_path) / "static" / "logo.png").write_bytes(b"\x89PNG" * 1000)
    refuse_pointers(tmp_path, WHERE)


def test_a_pipe_in_the_tree_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tree(tmp_path) / "pipe")
    with pytest.raises(DeployError, match="pipe is no regular file"):
        refuse_pointers(tmp_path, WHERE)
