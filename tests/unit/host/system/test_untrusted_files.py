"""Files that others wrote are read without being led elsewhere, held up, or filled up."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "a" / "b").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "file").write_text("text")
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "tree"


def test_files_are_read(tree: Path) -> None:
    assert untrusted_files.read_text(tree, "a/file") == "text"
    assert untrusted_files.read(tree, "a/b/../file") == b"text"
    assert untrusted_files.read(tree, "gone") is untrusted_files.read(tree, "a/gone/file") is None
    (tree / "link").symlink_to("a/b/link")
    (tree / "a" / "b" / "link").symlink_to("../file")
    (tree / "folder").symlink_to("a")
    assert untrusted_files.read_text(tree, "link") == untrusted_files.read_text(tree, "folder/file") == "text"
    assert untrusted_files.read_head(tree, "a/file", 2) == b"te"


@pytest.mark.parametrize(
    ("target", "name", "says"),
    [
        ("../secret", "link", "link leads out of its folder"),
        ("/dev/zero", "link", "link leads out of its folder"),
        ("..", "link/secret", "link/secret leads out of its folder"),
        ("nothing", "link", "link is a link to nothing"),
        ("link", "link", "link (cannot be read|is no regular file)"),
        (None, "../secret", r"\.\./secret leads out of its folder"),
        (None, "a", "a is no regular file"),
        (None, "a/pipe", "a/pipe is no regular file"),
    ],
)
def test_nothing_else_is_read(tree: Path, target: str | None, name: str, says: str) -> None:
    os.mkfifo(tree / "a" / "pipe")
    if target:
        (tree / "link").symlink_to(target)
    with pytest.raises(DeployError, match=says):
        untrusted_files.read(tree, name)


def test_sizes_are_bounded(tree: Path) -> None:
    assert untrusted_files.read(tree, "a/file", 4) == b"text"
    with pytest.raises(DeployError, match="a/file is too large: expected at most 3 bytes"):
        untrusted_files.read(tree, "a/file", 3)
    (tree / "binary").write_bytes(b"\xff")
    with pytest.raises(DeployError, match=re.escape("binary of the application is not UTF-8 text")):
        untrusted_files.read_text(tree, "binary")


def test_what_is_swapped_in_between_is_not_followed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As between the look and the opening: a link in the place of a folder, a pipe in the place of a file."""
    actual = untrusted_files.find

    def swap(top: Path, name: str) -> Path | None:
        real = actual(top, name)
        (tree / "a" / "file").unlink()
        if name == "a/file":
            os.mkfifo(tree / "a" / "file")
        else:
            (tree / "a" / "b").rmdir()
            (tree / "a").rmdir()
            (tree / "a").symlink_to("/etc")
        return real

    monkeypatch.setattr(untrusted_files, "find", swap)
    with pytest.raises(DeployError, match="no regular file"):
        untrusted_files.read(tree, "a/file")
    (tree / "a" / "file").unlink()
    (tree / "a" / "file").write_text("text")
    with pytest.raises(DeployError, match="cannot be read"):
        untrusted_files.read(tree, "a/./file")
