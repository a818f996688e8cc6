"""What is added to a release's tree, on a disk."""

from __future__ import annotations

import base64
import grp
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.additions import Additions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

GROUP = grp.getgrgid(os.getgid()).gr_name
ROOT = pytest.mark.skipif(os.getuid() != 0, reason="gives files to root")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return a release with a source, as it is before anything is added."""
    tree = tmp_path / "src"
    (tree / "config").mkdir(parents=True)
    (tree / "config" / "settings.toml").write_text("source")
    (tree / "media").mkdir()
    (tree / "media" / ".gitkeep").touch()
    static = tree / "public" / "css"
    static.mkdir(parents=True)
    (static / "site.css").write_text("css")
    (tree / "public" / "logo.png").symlink_to("css/site.css")
    (tree / "public" / ".hidden").write_text("hidden")
    (tree / "public" / "__pycache__").mkdir()
    (tree / "public" / "__pycache__" / "x.pyc").touch()
    return tmp_path


def additions(**changes: Any) -> Additions:
    return Additions(**{"files": {}, "links": {}, "static": {}, **changes})


def install(added: Additions, release: Path) -> None:
    added.check(release / "src")
    added.install(release / "src", GROUP)
    added.repair(release, GROUP)


def test_contents_come_in_base64() -> None:
    files = {"a": base64.b64encode(b"\x00\xff").decode()}
    assert Additions.from_options({"files": files, "links": {}, "static": {}}).files == {"a": b"\x00\xff"}


def test_nothing_to_add(release: Path) -> None:
    assert additions().is_intact(release)
    assert additions().is_intact(release / "none")


@ROOT
def test_files(release: Path) -> None:
    added = additions(files={"config/settings.toml": b"ours", "new/a/b": b"\x00"})
    assert not added.is_intact(release)
    install(added, release)
    assert added.is_intact(release)
    assert (release / "src/config/settings.toml").read_text() == "ours"
    assert (release / "src/new/a/b").read_bytes() == b"\x00"
    assert (release / "src/new/a/b").stat().st_mode & 0o777 == 0o640


@ROOT
@pytest.mark.parametrize("change", ["write", "remove", "link"])
def test_a_changed_file_is_repaired(release: Path, change: str) -> None:
    added = additions(files={"config/settings.toml": b"ours"})
    install(added, release)
    file = release / "src/config/settings.toml"
    if change == "write":
        file.write_text("theirs")
    else:
        file.unlink()
    if change == "link":
        (release / "elsewhere").write_text("ours")
        file.symlink_to(release / "elsewhere")
    assert not added.is_intact(release)
    added.repair(release, GROUP)
    assert added.is_intact(release)
    assert not file.is_symlink()
    assert file.read_text() == "ours"


@pytest.mark.parametrize("before", ["placeholder", "nothing", "link"])
def test_links(release: Path, tmp_path: Path, before: str) -> None:
    place = release / "src" / ("media" if before == "placeholder" else "var/media")
    if before == "link":
        place.parent.mkdir()
        place.symlink_to("../config")
    added = additions(links={str(place.relative_to(release / "src")): "/var/lib/x/media"})
    assert not added.is_intact(release)
    install(added, release)
    assert str(place.readlink()) == "/var/lib/x/media"
    assert added.is_intact(release)
    place.unlink()
    assert not added.is_intact(release)
    added.repair(release, GROUP)
    assert added.is_intact(release)
    assert (release / "src/config/settings.toml").exists()  # what a link led to is left unchanged


def test_static_files(release: Path) -> None:
    added = additions(static={"/static/app/": "public", "/css/": "public/css"})
    assert not added.is_intact(release)
    install(added, release)
    public = release / "public"
    actual = {str(path.relative_to(public)) for path in public.rglob("*") if path.is_file()}
    assert actual == {"static/app/css/site.css", "static/app/logo.png", "css/site.css"}
    assert not (public / "static/app/logo.png").is_symlink()
    assert {(public / path).stat().st_mode & 0o777 for path in actual} == {0o644}
    assert added.is_intact(release)
    (public / "css/site.css").unlink()
    assert not added.is_intact(release)
    added.repair(release, GROUP)
    assert added.is_intact(release)


@ROOT
def test_a_file_that_is_repaired_is_served_again(release: Path) -> None:
    added = additions(files={"public/config.js": b"ours"}, static={"/static/": "public"})
    install(added, release)
    (release / "src/public/config.js").write_text("theirs")
    assert not added.is_intact(release)
    added.repair(release, GROUP)
    assert (release / "public/static/config.js").read_text() == "ours"


def make(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "directory":
        path.mkdir()
    elif kind == "file":
        path.write_text("x")
    else:
        path.symlink_to(kind)


@pytest.mark.parametrize(
    ("path", "kind", "options", "text"),
    [
        pytest.param(
            "config/a",
            "directory",
            {"files": {"config/a": b""}},
            "files: config/a is a directory of the source; give the file another place",
            id="directory in a file's place",
        ),
        pytest.param(
            "etc",
            "/etc",
            {"files": {"etc/cron.d/x": b""}},
            "etc/cron.d/x cannot be put into the tree: etc is a link of the source",
            id="link out of the tree",
        ),
        pytest.param(
            "etc",
            "/etc",
            {"links": {"etc/x": "/y"}},
            "etc/x cannot be put into the tree: etc is a link of the source",
            id="link out of the tree, for a directory",
        ),
        pytest.param(
            "a/b",
            "file",
            {"files": {"a/b/c": b""}},
            "a/b/c cannot be put into the tree: a/b is a file of the source",
            id="file in a directory's place",
        ),
        pytest.param(
            "media/a/logo.png",
            "file",
            {"links": {"media": "/y"}},
            "storage or cache: the source has files of its own in media, such as logo.png, "
            "which a persistent directory would hide; move one of the two",
            id="files that would be hidden",
        ),
        pytest.param(
            "upload",
            "file",
            {"links": {"upload": "/y"}},
            "storage or cache: the source has a file upload, which the stored one would hide; remove it from the "
            "source, as by git rm --cached, and have the application create it",
            id="a file that would be hidden",
        ),
        pytest.param(
            "public/passwd",
            "/etc/passwd",
            {"static": {"/s/": "public"}},
            "static: /s/ holds passwd, a link to a file that is not public; remove it",
            id="public link out of the tree",
        ),
        pytest.param(
            "public/settings",
            "../config/settings.toml",
            {"static": {"/s/": "public"}},
            "static: /s/ holds settings, a link to a file that is not public; remove it",
            id="public link to what is not public",
        ),
        pytest.param(
            "public/shown",
            ".hidden",
            {"static": {"/s/": "public"}},
            "static: /s/ holds shown, a link to a file that is not public; remove it",
            id="public link to a hidden file",
        ),
        pytest.param(
            "public/loop",
            ".",
            {"static": {"/s/": "public"}},
            "static: /s/ holds a link to a directory, loop; only files may be links",
            id="public link to a directory",
        ),
        pytest.param(
            "other",
            "file",
            {"static": {"/s/": "none"}},
            "static: /s/ is to be served from none, which is no folder of the source",
            id="no folder",
        ),
        pytest.param(
            "etc",
            "/etc",
            {"static": {"/s/": "etc"}},
            "static: /s/ is to be served from etc, which is no folder of the source",
            id="a folder out of the tree",
        ),
    ],
)
def test_refusals(release: Path, path: str, kind: str, options: dict[str, Any], text: str) -> None:
    make(release / "src" / path, kind)
    with pytest.raises(DeployError) as error:
        install(additions(**options), release)
    assert str(error.value) == text


def test_a_file_is_a_link_that_leads_nowhere_at_first(release: Path, tmp_path: Path) -> None:
    """SQLite resolves the link, and so its journal comes where the application may write."""
    stored = tmp_path / "storage" / "db.sqlite3"
    stored.mkdir(parents=True)
    install(additions(links={"db.sqlite3": str(stored / "db.sqlite3")}), release)
    assert not (release / "src" / "db.sqlite3").exists()
    connection = sqlite3.connect(release / "src" / "db.sqlite3")
    connection.execute("pragma journal_mode=wal")
    connection.execute("create table visits (at)")
    assert sorted(path.name for path in stored.iterdir()) == ["db.sqlite3", "db.sqlite3-shm", "db.sqlite3-wal"]
    connection.close()


@pytest.mark.parametrize(
    ("held", "others", "refused"),
    [
        (["site.conf"], {}, True),
        ([], {}, False),
        (["conf.d"], {}, False),
        (["conf.d-wal", "conf.d"], {}, False),
        (["more"], {"conf.d/more": "conf.d/more"}, False),
    ],
)
def test_a_folder_that_became_a_file_by_its_name_is_refused(
    release: Path, tmp_path: Path, held: list[str], others: dict[str, str], refused: bool
) -> None:
    folder = tmp_path / "storage" / "conf.d"
    folder.mkdir(parents=True)
    for name in held:
        (folder / name).touch()
    links = {path: str(tmp_path / "storage" / place) for path, place in others.items()}
    added = additions(links={"conf.d": str(folder / "conf.d"), **links})
    if not refused:
        added.check(release / "src")
        return
    with pytest.raises(DeployError) as error:
        added.check(release / "src")
    assert str(error.value) == (
        f"storage or cache: conf.d is a file by its name, but {folder} holds site.conf from before; "
        "write conf.d/ for a folder, or move what is in it"
    )
