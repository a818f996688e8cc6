"""Archives for hosts: the same content is the same file, and only files of the application are in it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ansible import constants
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.unpack import unpack
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ignored_files import PackingError
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.packing import (
    Archive,
    existing_archive,
    pack_directory,
    pack_wheels,
    packed,
)


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def held(archive: Archive, tmp_path: Path) -> list[str]:
    tree = tmp_path / f"unpacked-{archive.sha256[:8]}"
    tree.mkdir()
    unpack(archive.path, tree, "a")
    return sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir() or path.is_symlink())


@pytest.fixture(name="into")
def place(tmp_path: Path) -> Path:
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def test_same_content_is_the_same_file(tmp_path: Path, into: Path) -> None:
    first = make(tmp_path / "first", "b.py", "a/c.py", "z.sh")
    second = make(tmp_path / "second", "z.sh", "a/c.py", "b.py")
    for folder in (first, second):
        (folder / "z.sh").chmod(0o755 if folder == first else 0o700)
        (folder / "link").symlink_to("a/c.py")
    os.utime(second / "b.py", (0, 0))
    (second / "b.py").chmod(0o600)
    archive = pack_directory(first, into)
    assert archive == pack_directory(second, into)
    assert archive.sha256 == file_digest(archive.path)
    assert held(archive, tmp_path) == ["a/c.py", "b.py", "link", "z.sh"]


def test_a_backslash_in_a_name_is_packed_and_unpacked(tmp_path: Path, into: Path) -> None:
    folder = make(tmp_path / "shop", "main.py", "uploads\\logo.svg")
    assert held(pack_directory(folder, into), tmp_path) == ["main.py", "uploads\\logo.svg"]


@pytest.mark.parametrize("change", ["content", "name", "executable", "link"])
def test_other_content_is_another_file(tmp_path: Path, into: Path, change: str) -> None:
    folder = make(tmp_path / "shop", "a.py", "b.py")
    (folder / "link").symlink_to("a.py")
    before = pack_directory(folder, into)
    if change == "content":
        (folder / "a.py").write_text("A", encoding="utf-8")
    elif change == "name":
        (folder / "a.py").rename(folder / "c.py")
    elif change == "executable":
        (folder / "a.py").chmod(0o755)
    else:
        (folder / "link").unlink()
        (folder / "link").symlink_to("b.py")
    assert pack_directory(folder, into).sha256 != before.sha256


def test_files_that_tools_leave_behind_are_not_packed(tmp_path: Path, into: Path) -> None:
    left = ["__pycache__/a.pyc", "a.pyc", ".venv/x", "env/pyvenv.cfg", "env/x", ".ruff_cache/x", "shop/.pytest_cache/x"]
    folder = make(tmp_path / "shop", "shop/main.py", ".env.example", "build/x", *left)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
    assert held(pack_directory(folder, into), tmp_path) == [".env.example", "build/x", "shop/main.py"]


def git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", "-C", str(folder), *settings, *arguments], check=True, capture_output=True)


def test_work_tree_is_packed_without_what_git_ignores(tmp_path: Path, into: Path) -> None:
    folder = make(tmp_path / "shop", ".gitignore", "main.py", "gone.py", ".env", "dist/x", "tracked.log", "ü.py")
    (folder / ".gitignore").write_text(".env\ndist\n*.log\n", encoding="utf-8")
    other = make(tmp_path / "other", "lib.py")
    for item in (other, folder):
        git(item, "init", "--quiet")
        git(item, "add", "--all")
    git(other, "commit", "--quiet", "-m", "x")
    git(folder, "add", "--force", "tracked.log")
    git(folder, "submodule", "--quiet", "add", str(other), "lib")
    git(folder, "commit", "--quiet", "-m", "x")
    (folder / "gone.py").unlink()
    make(folder, "new.py", "sub/inner.py", "main.pyc")
    files = [".gitignore", ".gitmodules", "lib/lib.py", "main.py", "new.py", "sub/inner.py", "tracked.log", "ü.py"]
    assert held(pack_directory(folder, into), tmp_path) == files
    assert held(pack_directory(folder / "sub", into), tmp_path) == ["inner.py"]


def test_folder_that_git_ignores_as_a_whole_is_packed(tmp_path: Path, into: Path) -> None:
    folder = make(tmp_path / "shop", "build/app/main.py")
    (folder / ".gitignore").write_text("build\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    assert held(pack_directory(folder / "build" / "app", into), tmp_path) == ["main.py"]


@pytest.fixture(name="built")
def folder_with_build_results(tmp_path: Path) -> Path:
    """Return a work tree with files that git ignores, by rules of two files."""
    folder = make(
        tmp_path / "shop", "main.py", ".env", "web/dist/app.js", "web/dist/img/a.png", "web/dist/__pycache__/x"
    )
    make(folder, ".gitignore", "web/.gitignore", "notes.log", "VERSION")
    (folder / ".gitignore").write_text("# ours\n.env\n*.log\nVERSION\n", encoding="utf-8")
    (folder / "web" / ".gitignore").write_text("dist/*\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    return folder


def app(folder: Path, **options: Any) -> Any:
    """Return the plan of an application as far as packing reads it."""
    defaults: dict[str, Any] = {"subdirectory": None, "requirements": None, "static": {}, "files": {}}
    defaults |= {"build": {"commands": []}, "wheelhouse": None, "archive": None, "directory_includes": []}
    return {**defaults, "directory": str(folder), **options}


@pytest.fixture
def local_tmp(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a folder of the test as the one that Ansible has for a run."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(into))


@pytest.mark.usefixtures("local_tmp")
def test_named_files_are_packed_although_git_ignores_them(built: Path, into: Path, tmp_path: Path) -> None:
    result = packed(app(built, static={"/static": "web/dist"}, directory_includes=["web/dist/", "VERS*"]), None)
    assert result["included"] == {"web/dist/": 2, "VERS*": 1}
    (archive,) = into.iterdir()
    files = [".gitignore", "VERSION", "main.py", "web/.gitignore", "web/dist/app.js", "web/dist/img/a.png"]
    assert held(Archive(archive, result["source"]["sha256"]), tmp_path) == files


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            {"static": {"/static": "web/dist"}},
            "static: found 'web/dist', which git ignores by web/.gitignore:1 (dist/*), so that directory does not ship "
            "it; write directory_includes: [web/dist] to ship it as it is on the controller",
        ),
        ({"static": {"/static": "dist"}, "subdirectory": "web"}, "static: found 'web/dist', which git ignores by web/"),
        (
            {"subdirectory": "web/dist"},
            "subdirectory: found 'web/dist', which git ignores by web/.gitignore:1 (dist/*)",
        ),
        ({"requirements": "notes.log"}, "requirements: found 'notes.log', which git ignores by .gitignore:3 (*.log)"),
        (
            {"directory_includes": ["web/build"]},
            "directory_includes: found 'web/build', but {folder} holds no such file; build it before, or leave it out",
        ),
        (
            {"directory_includes": ["link/app.js"]},
            "directory_includes: found 'link/app.js', but link is a link; name its",
        ),
    ],
)
@pytest.mark.usefixtures("local_tmp")
def test_what_git_ignores_and_an_entry_needs_is_named(built: Path, options: dict[str, Any], error: str) -> None:
    (built / "link").symlink_to("web/dist")
    with pytest.raises(PackingError, match=re.escape(error.format(folder=built))):
        packed(app(built, **options), None)


@pytest.mark.parametrize(
    "options",
    [
        {"static": {"/static": "web/dist"}, "build": {"commands": ["npm run build"]}},
        {"static": {"/static": "web/dist"}, "files": {"web/dist/robots.txt": "x"}},
        {"static": {"/static": "web/assets"}},
        {"static": {"/static": "web"}},
    ],
    ids=["built on the host", "a file of the entry", "what is not there", "what holds other files"],
)
@pytest.mark.usefixtures("local_tmp")
def test_what_comes_from_elsewhere_may_be_ignored(built: Path, options: dict[str, Any]) -> None:
    assert packed(app(built, **options), None)["included"] == {}


def test_a_rule_of_the_user_is_named(built: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.excludesFile")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(make(into, "ignore") / "ignore"))
    (into / "ignore").write_text("public\n", encoding="utf-8")
    make(built, "public/a.css")
    with pytest.raises(PackingError, match=re.escape(f"git ignores by {into}/ignore:1 (public)")):
        pack_directory(built, into, needed={PurePosixPath("public"): "static"})


def test_work_tree_that_git_cannot_read_is_refused(tmp_path: Path, into: Path) -> None:
    folder = make(tmp_path / "shop", "main.py", ".env", ".git")
    with pytest.raises(PackingError, match="directory: git does not say what belongs to"):
        pack_directory(folder, into)


def test_empty_folder_is_refused(tmp_path: Path, into: Path) -> None:
    with pytest.raises(PackingError, match="which holds no file, or none that git does not ignore"):
        pack_directory(make(tmp_path / "shop", "__pycache__/x.pyc"), into)
    assert list(into.iterdir()) == []


def test_only_wheels(tmp_path: Path, into: Path) -> None:
    folder = make(tmp_path / "wheels", "a-1-py3-none-any.whl", "b-1-py3-none-any.whl", "README", ".c.whl.part")
    assert held(pack_wheels(folder, into), tmp_path) == ["a-1-py3-none-any.whl", "b-1-py3-none-any.whl"]


def test_existing_archive_must_have_the_checksum(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(b"x")
    digest = file_digest(file)
    assert existing_archive(file, None) == existing_archive(file, digest) == Archive(file, digest)
    with pytest.raises(PackingError) as error:
        existing_archive(file, "0" * 64)
    assert str(error.value) == f"archive.sha256: found {'0' * 64}, but {file} has {digest}"
