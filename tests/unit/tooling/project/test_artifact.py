"""What is in the artifact and what is not; the same files are the same artifact."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from tests import ROOT
from tests.project.artifact import build, reproducible, unknown

FOREIGN = ("inventory.yml", "group_vars/all.yml", "plugins/notes.py")
PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
FILES = {"README.md": b"what it is", "plugins/a.py": b"pass\n", "plugins/b.py": b"b = 1\n"}


def artifact(names: list[str], time: int) -> bytes:
    """Return the artifact, as ansible-galaxy packs it."""
    listed = json.dumps({"files": [{"name": name, "ftype": "file"} for name in names], "format": 1}, indent=4).encode()
    manifest = {"file_manifest_file": {"name": "FILES.json", "chksum_sha256": hashlib.sha256(listed).hexdigest()}}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in [
            ("MANIFEST.json", json.dumps(manifest).encode()),
            ("FILES.json", listed),
            *((name, FILES[name]) for name in names),
        ]:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), time
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_order_and_time_do_not_matter() -> None:
    names = list(FILES)
    one, other = artifact(names, 1_700_000_000), artifact(names[::-1], 1_800_000_000)
    assert one != other
    assert reproducible(one) == reproducible(other)


def test_nothing_is_lost() -> None:
    made = reproducible(artifact(list(FILES)[::-1], 1_700_000_000))
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(made))) as tar:
        actual = {name: file.read() for name in tar.getnames() if (file := tar.extractfile(name))}
    listed, manifest = actual.pop("FILES.json"), json.loads(actual.pop("MANIFEST.json"))
    assert actual == FILES
    assert [file["name"] for file in json.loads(listed)["files"]] == sorted(FILES)
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(listed).hexdigest()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone in which a user works: files that git does not know, one that has changed, one that has gone."""
    clone = tmp_path_factory.mktemp("clone")
    for name in ("changelogs", "docs", "meta", "playbooks", "plugins", "roles"):
        shutil.copytree(ROOT / name, clone / name)
    for name in (".gitignore", "README.md", "galaxy.yml"):
        shutil.copy(ROOT / name, clone)
    for argv in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", str(clone), *argv], check=True)
    for name in FOREIGN:
        (clone / name).parent.mkdir(exist_ok=True)
        (clone / name).write_text("asgi_secret: 1\n", encoding="utf-8")
    (clone / "README.md").write_text("changed", encoding="utf-8")
    (clone / "docs" / "start.md").unlink()
    return clone


@pytest.fixture(scope="module")
def content(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files in its artifact."""
    with tarfile.open(build(clone, tmp_path_factory.mktemp("built"))) as tar:
        return {member.name: file.read() for member in tar if (file := tar.extractfile(member))}


def test_what_git_does_not_know_stays_out_and_is_reported(clone: Path, content: dict[str, bytes]) -> None:
    assert set(FOREIGN) & set(content) == set()
    assert not any(b"asgi_secret" in text for name, text in content.items() if name != "FILES.json")
    assert unknown(clone) == ["group_vars/", "inventory.yml", "plugins/notes.py"]


def test_what_git_knows_goes_in_as_it_is(content: dict[str, bytes]) -> None:
    assert content["README.md"] == b"changed"
    assert "docs/start.md" not in content
    for kind in ("meta", "playbooks", "plugins"):
        there = {str(file.relative_to(ROOT)) for file in (ROOT / kind).rglob("*") if file.suffix in (".py", ".yml")}
        assert there - content.keys() == set()


def test_files_of_development_stay_out(content: dict[str, bytes]) -> None:
    assert [name for name in content if name.startswith("changelogs/")] == ["changelogs/changelog.yaml"]
    assert {PurePosixPath(name).suffix for name in content if name.startswith("docs/")} == {".md", ".svg"}
    of_users = {".j2", ".json", ".md", ".py", ".svg", ".txt", ".yaml", ".yml"}
    assert [name for name in content if PurePosixPath(name).suffix not in of_users] == []


def test_each_picture_of_a_page_is_there(content: dict[str, bytes]) -> None:
    pages = {name: text.decode() for name, text in content.items() if name.startswith("docs/") and name.endswith(".md")}
    shown = {f"docs/{picture}" for text in pages.values() for picture in PICTURE.findall(text)}
    assert len(shown) > 5
    assert shown - content.keys() == set()
