"""How a tree differs from what it was when it was made."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.manifest import (
    Differences,
    Entry,
    Manifest,
    Tree,
    compare,
    decode,
    digest_of,
    encode,
    recorded,
    restore_attributes,
    shortened,
    unchanged,
)

NOW = {"root": 0, "asgi-shop": 995}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a small release: code, a cache of Python, a link."""
    tree = tmp_path / "release"
    (tree / "src" / "__pycache__").mkdir(parents=True)
    (tree / "src" / "main.py").write_text("app = 1\n", encoding="utf-8")
    (tree / "src" / "__pycache__" / "main.pyc").write_bytes(b"\0")
    (tree / "venv").symlink_to("../../venvs/x")
    for folder in (tree, tree / "src"):
        folder.chmod(0o750)
    (tree / "src" / "main.py").chmod(0o640)
    return tree


def found(top: Path, manifest: Manifest, verify: bool = False) -> Differences:
    tree = Tree(top)
    return compare(manifest, tree.read(), tree.content, verify)


def edit(top: Path) -> None:
    (top / "src" / "main.py").write_text("app = 2\n", encoding="utf-8")


def edit_and_hide(top: Path) -> None:
    """Edit a file, and keep its size and times."""
    file = top / "src" / "main.py"
    times = file.stat()
    edit(top)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def exchange(top: Path) -> None:
    (top / "src" / "main.py").unlink()
    (top / "src" / "main.py").symlink_to("/etc/passwd")


def lead_elsewhere(top: Path) -> None:
    (top / "venv").unlink()
    (top / "venv").symlink_to("../../venvs/y")


@pytest.mark.parametrize(
    ("do", "damage"),
    [
        pytest.param(lambda _top: None, [], id="nothing"),
        pytest.param(edit, ["src/main.py was changed"], id="an edit"),
        pytest.param(edit_and_hide, ["src/main.py was changed"], id="an edit that keeps size and times"),
        pytest.param(exchange, ["src/main.py is a link instead of a file"], id="a link in its place"),
        pytest.param(lead_elsewhere, ["venv was changed"], id="another target"),
        pytest.param(lambda top: (top / "src" / "main.py").unlink(), ["src/main.py is missing"], id="a removal"),
        pytest.param(
            lambda top: (top / "src" / "new.py").touch(), ["src/new.py does not belong to it"], id="a file more"
        ),
        pytest.param(lambda top: (top / "src" / "__pycache__" / "new.pyc").touch(), [], id="what Python cached since"),
        pytest.param(
            lambda top: (top / "src" / "__pycache__" / "main.pyc").write_bytes(b"\1"),
            ["src/__pycache__/main.pyc was changed"],
            id="what Python had cached",
        ),
        pytest.param(lambda top: os.utime(top / "src" / "main.py"), [], id="another time and the same content"),
        pytest.param(lambda top: os.link(top / "src" / "main.py", top.parent / "other"), [], id="a second name of it"),
        pytest.param(lambda top: top.rename(top.parent / "away"), ["it is missing"], id="all of it"),
    ],
)
def test_damage(top: Path, do: Callable[[Path], object], damage: list[str]) -> None:
    manifest = recorded(Tree(top))
    do(top)
    assert found(top, manifest) == found(top, manifest, verify=True) == Differences(tuple(damage))


def test_owners_and_modes_are_restore_attributes_in_place(top: Path) -> None:
    manifest = recorded(Tree(top))
    (top / "src").chmod(0o777)
    (top / "src" / "main.py").chmod(0o666)
    differences = found(top, manifest)
    assert differences.damage == ()
    assert list(differences.texts) == [
        "src has mode 0777 instead of 0750",
        "src/main.py has mode 0666 instead of 0640",
    ]
    restore_attributes(Tree(top), differences.loose)
    assert found(top, manifest) == Differences()


def test_a_change_that_only_the_content_shows_is_found_on_request(top: Path) -> None:
    manifest = recorded(Tree(top))
    entries = {path: entry._replace(content=f"{entry.content}0") for path, entry in manifest.entries.items()}
    other = replace(manifest, entries=entries)
    assert found(top, other) == Differences()
    assert "src/main.py was changed" in found(top, other, verify=True).damage


def test_what_is_passed_over(top: Path) -> None:
    tree = Tree(top, skip=lambda name: name == "app.sock")
    manifest = recorded(tree)
    (top / "app.sock").touch()
    assert compare(manifest, tree.read(), tree.content) == Differences()
    assert list(found(top, manifest).damage) == ["app.sock does not belong to it"]


def test_files_elsewhere_belong_to_it(top: Path) -> None:
    unit = top.parent / "shop.service"
    unit.write_text("[Service]\n", encoding="utf-8")
    manifest = recorded(Tree(top, [unit]))
    assert compare(manifest, Tree(top, [unit]).read(), Tree(top).content) == Differences()
    unit.unlink()
    assert list(compare(manifest, Tree(top).read(), Tree(top).content).damage) == [f"{unit} is missing"]


def test_a_manifest_is_read_as_it_was_written(top: Path) -> None:
    (top / os.fsdecode(b"caf\xe9")).touch()
    manifest = recorded(Tree(top), adopted=True)
    assert decode(encode(manifest)) == manifest
    assert manifest.adopted


@pytest.mark.parametrize("text", ["", "{}\n", "{}\n{}\n", '{"digest": ""}\nnull\n', "no JSON\nat all\n"])
def test_a_text_that_is_no_manifest(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        decode(text)


def test_its_first_line_shows_whether_anything_changed(top: Path) -> None:
    manifest = replace(recorded(Tree(top)), users={"asgi-shop": 995}, groups={})
    head = encode(manifest).partition("\n")[0]
    assert unchanged(head, Tree(top).read(), NOW.__getitem__, NOW.__getitem__)
    assert not unchanged(head, Tree(top).read(), lambda _name: 1001, NOW.__getitem__)
    edit_and_hide(top)
    assert not unchanged(head, Tree(top).read(), NOW.__getitem__, NOW.__getitem__)


def test_a_group_that_was_made_again_has_another_number() -> None:
    """What was the application's is still to be its own."""
    manifest = Manifest({"src": Entry("directory", 0o750, 0, 990, 0, 0)}, {"root": 0, "gone": 7}, {"asgi-shop": 990})
    now = manifest.renumbered(NOW.__getitem__, NOW.__getitem__)
    assert now.entries["src"] == Entry("directory", 0o750, 0, 995, 0, 0)
    assert (now.users, now.groups) == ({"root": 0, "gone": 7}, {"asgi-shop": 995})


def test_a_digest_is_of_all_that_lstat_says() -> None:
    entry = Entry("file", 0o640, 0, 995, 8, 1)
    others = [
        entry._replace(mode=0o666),
        entry._replace(user=1),
        entry._replace(group=1),
        entry._replace(size=9),
        entry._replace(changed=2),
    ]
    assert len({digest_of({"a": item}) for item in [entry, *others]}) == 6
    assert digest_of({"a": entry, "b": entry}) == digest_of({"b": entry, "a": entry})
    assert digest_of({"a": entry._replace(content="x")}) == digest_of({"a": entry})


def test_few_differences_are_shown_and_none_breaks_a_terminal() -> None:
    assert shortened(["a is missing", "b was changed"]) == "a is missing, b was changed"
    assert shortened([os.fsdecode(b"caf\xe9 is missing")]) == "caf\\xe9 is missing"
