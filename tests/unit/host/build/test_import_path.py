"""Which copy of an application's code runs, for each way to lay out and to build a project."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.import_path import (
    Place,
    choose_place,
    modules_of,
    names_of,
    search_path,
    unite,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

FLAT, SRC = (
    {"shop/__init__.py": "", "shop/main.py": "x = 1\n"},
    {
        "src/shop/__init__.py": "",
        "src/shop/main.py": "x = 1\n",
    },
)
BUILT = {"shop/__init__.py": "", "shop/main.py": "x = 1\n"}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def install(packages: Path, project: Path, files: Mapping[str, str], name: str = "shop", **about: Any) -> Path:
    """Install a distribution as uv and pip do with --target; return its folder of metadata."""
    info = packages / f"{name}-1.0.dist-info"
    origin = {"url": project.as_uri(), "dir_info": {}, **about}
    write(packages, files)
    write(info, {"direct_url.json": json.dumps(origin), "METADATA": f"Metadata-Version: 2.1\nName: {name}\n"})
    rows = [[path, "sha256=x", "1"] for path in files]
    rows += [[f"{info.name}/RECORD", "", ""], ["shop/__pycache__/main.cpython-313.pyc", "", ""]]
    with (info / "RECORD").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    for module in [path for path in files if path.endswith(".py")]:
        write(packages, {f"{Path(module).parent}/__pycache__/{Path(module).stem}.cpython-313.pyc": ""})
    return info


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(name="release")
def folder_of_a_release(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path.resolve()


LAYOUTS: dict[str, tuple[dict[str, str], dict[str, str], list[str], str]] = {
    # what is in the repository, what its build made, further folders, where the module is
    "flat": (FLAT, BUILT, [], "shop/main.py"),
    "src": (SRC, BUILT, ["src"], "src/shop/main.py"),
    "another folder": (
        {path.replace("src/", "python/"): text for path, text in SRC.items()},
        BUILT,
        ["python"],
        "python/shop/main.py",
    ),
    "one module": ({"main.py": "x = 1\n"}, {"main.py": "x = 1\n"}, [], "main.py"),
    "one module in src": ({"src/main.py": "x = 1\n"}, {"main.py": "x = 1\n"}, ["src"], "src/main.py"),
    "a generated module": (SRC, {**BUILT, "shop/_version.py": "v = 1\n"}, ["src"], "src/shop/main.py"),
    "a module that the build rewrites": (SRC, {**BUILT, "shop/__init__.py": "v = 1\n"}, ["src"], "src/shop/main.py"),
    "a C extension": (FLAT, {**BUILT, "shop/_speed.cpython-313-x86_64-linux-gnu.so": "ELF"}, [], "shop/main.py"),
    "data that is not declared": ({**SRC, "src/shop/page.html": ""}, BUILT, ["src"], "src/shop/main.py"),
    "a namespace": (
        {"src/shop/api/main.py": "x = 1\n"},
        {"shop/api/main.py": "x = 1\n"},
        ["src"],
        "src/shop/api/main.py",
    ),
    "the same name in both": ({**FLAT, **SRC, "shop/__init__.py": "old = 1\n"}, BUILT, [], "shop/main.py"),
    "a copy of the build": ({**SRC, "build/lib/shop/main.py": "x = 1\n"}, BUILT, ["src"], "src/shop/main.py"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_copy_is_left_with_all_that_was_built(release: Path, layout: str) -> None:
    source, built, folders, place = LAYOUTS[layout]
    tree, site = release / "tree", release / "site"
    write(tree, source)
    info = install(site, tree, built)
    assert unite(site, tree, tree) == [tree / folder for folder in folders]
    assert files_of(site) == {f"{info.name}/{name}" for name in ("METADATA", "RECORD", "direct_url.json")}
    assert (tree / place).exists()
    for path, text in built.items():
        assert Path(tree, *folders, path).read_text() == text
    assert source.keys() <= files_of(tree), "nothing of the source is lost"
    listed = [row[0] for row in csv.reader((info / "RECORD").open())]
    assert all((site / path).exists() for path in listed), listed


def test_what_has_no_place_in_the_source_stays_where_it_was_built(release: Path) -> None:
    tree, site = release / "tree", release / "site"
    write(tree, {"lib/__init__.py": "", "lib/main.py": "x = 1\n", "shop/schema.proto": ""})
    install(site, tree, {**BUILT, "bin/shop": "#!", "share/shop/data": ""})
    before = files_of(site)
    assert unite(site, tree, tree) == []
    assert files_of(site) == before
    assert search_path(tree, tree, site, [], [], ["shop"]) == [str(tree), str(site)]


def test_members_of_a_workspace_are_imported_from_their_own_folders(release: Path) -> None:
    whole, site = release / "tree", release / "site"
    tree, common = whole / "packages" / "api", whole / "packages" / "common"
    write(tree, SRC)
    write(common, {"common/__init__.py": "", "common/data.json": "{}"})
    install(site, tree, BUILT)
    install(site, common, {"common/__init__.py": "", "common/_version.py": "v = 1\n"}, "common")
    built = unite(site, tree, whole)
    assert built == [common, tree / "src"]
    assert files_of(common) == {"common/__init__.py", "common/data.json", "common/_version.py"}
    (release / "src").symlink_to("tree/packages/api")
    path = search_path(release / "src", whole, site, ["lib"], built, ["shop"])
    assert path == [str(part) for part in (tree, tree / "lib", *built, site)], "as the system names them, without links"


def test_distributions_of_elsewhere_and_editable_ones_are_left_as_they_are(release: Path) -> None:
    tree, site = release / "tree", release / "site"
    write(tree, FLAT)
    install(site, tree, BUILT, dir_info={"editable": True})
    install(site, release / "elsewhere", BUILT, "far")
    install(site, tree / "far.whl", BUILT, "wheel", archive_info={}, dir_info=None)
    (site / "shop-1.0.dist-info" / "INSTALLER").write_text("uv")
    before = files_of(site)
    assert unite(site, tree, tree) == []
    assert files_of(site) == before


def test_an_environment_keeps_what_was_built_into_it(release: Path) -> None:
    """A later try to make the same release finds it there, and completes a fresh source from it again."""
    tree, packages = release / "tree", release / "venv"
    for _try in range(2):
        write(tree, SRC)
        (tree / "src" / "shop" / "_version.py").unlink(missing_ok=True)
        if not packages.exists():
            install(packages, tree, {**BUILT, "shop/_version.py": "v = 1\n"})
            before = files_of(packages)
        assert unite(packages, tree, tree, keep=True) == [tree / "src"]
        assert (tree / "src" / "shop" / "_version.py").read_text() == "v = 1\n"
        assert files_of(packages) == before


def test_no_link_leads_out_of_the_source(release: Path) -> None:
    tree, site, outside = release / "tree", release / "site", release / "outside"
    write(outside, {"precious": "1"})
    write(tree, FLAT)
    (tree / "shop" / "pages").symlink_to(outside)
    install(site, tree, {**BUILT, "shop/pages/precious": "2"})
    with pytest.raises(DeployError, match="the build has made files in pages, which is no folder of the source"):
        unite(site, tree, tree)
    assert (outside / "precious").read_text() == "1"


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(release: Path) -> None:
    tree, site, outside = release / "tree", release / "site", release / "outside"
    write(outside, {"precious": "1"})
    write(tree, FLAT)
    (tree / "shop" / "note").symlink_to(outside / "precious")
    install(site, tree, {**BUILT, "shop/note": "2"})
    unite(site, tree, tree)
    assert (outside / "precious").read_text() == "1"
    assert (tree / "shop" / "note").read_text() == "2"


def test_a_list_of_files_cannot_name_what_is_elsewhere(release: Path) -> None:
    tree, site, outside = release / "tree", release / "site", release / "outside"
    write(outside, {"shop/key": "1"})
    write(tree, FLAT)
    info = install(site, tree, BUILT)
    (site / "shop" / "inner").symlink_to(outside / "shop")
    with (info / "RECORD").open("a", newline="") as file:
        csv.writer(file).writerows([["../outside/shop/key"], [f"{outside}/shop/key"], ["shop/inner/key"], ["a\0b"]])
    unite(site, tree, tree)
    assert files_of(outside) == {"shop/key"}
    assert not (tree / "shop" / "inner").exists()


@pytest.mark.parametrize(
    ("places", "chosen"),
    [
        ([], None),
        ([Place(Path("/a"), 0, False)], None),
        ([Place(Path("/a"), 1, False), Place(Path("/b"), 2, False)], Path("/b")),
        ([Place(Path("/a"), 2, False), Place(Path("/b"), 2, False)], Path("/a")),
        ([Place(Path("/a"), 2, False), Place(Path("/b"), 0, True)], Path("/b")),
    ],
)
def test_the_place_that_every_program_imports_from_is_chosen(places: list[Place], chosen: Path | None) -> None:
    assert choose_place(places) == chosen


def test_only_what_can_be_imported_counts() -> None:
    paths = ["bin/shop", "shop-1.0.dist-info/RECORD", "a-b/x.py", "shop.pth", "../shop/x.py", "/shop/x.py", "_x.so"]
    assert modules_of([*paths, "shop/a/x.js", "shop/__pycache__/x.pyc"]) == {"shop": ["shop/a/x.js"]}


@pytest.mark.parametrize(
    ("module", "project", "names"),
    [
        ("shop.main:app", {}, ["shop"]),
        ("main:app", {"name": "shop"}, ["main"]),
        ("shop:app", {"name": "shop", "scripts": {"a": "jobs.x:main", "b": "shop:x", "c": 3}}, ["shop", "jobs"]),
        ("", {"name": 3, "scripts": []}, []),
    ],
)
def test_the_names_that_an_application_must_find(module: str, project: dict[str, Any], names: list[str]) -> None:
    assert names_of(module, {"project": project}) == names


@pytest.mark.parametrize(
    ("source", "folders", "path"),
    [
        (FLAT, [], ["."]),
        (SRC, [], [".", "src"]),
        (SRC, ["lib", "src"], [".", "lib", "src"]),
        ({**SRC, "shop/logo.svg": ""}, [], [".", "src"]),
        ({**FLAT, "src/logging.py": ""}, [], ["."]),  # as a module of its own it would hide Python's
        ({"src/main.py": "", "src/redis.py": ""}, [], ["."]),  # that is src.main
        ({**SRC, "lib/shop/main.py": ""}, ["lib"], [".", "lib"]),
    ],
)
def test_the_folder_src_is_searched_only_for_what_nothing_else_has(
    release: Path, source: dict[str, str], folders: list[str], path: list[str]
) -> None:
    tree = release / "tree"
    write(tree, source)
    found = search_path(tree, tree, release / "site", folders, [], ["shop"])
    assert found == [str(tree / part) for part in path]


def test_a_folder_src_that_is_a_link_out_of_the_source_is_not_searched(release: Path) -> None:
    write(release / "outside", {"shop/main.py": ""})
    (release / "tree" / "src").symlink_to(release / "outside")
    assert search_path(release / "tree", release / "tree", release / "site", [], [], ["shop"]) == [
        str(release / "tree")
    ]


@pytest.mark.parametrize("layout", ["flat", "src", "a namespace", "the same name in both"])
def test_each_way_to_start_imports_the_same_file(release: Path, layout: str) -> None:
    source, built, _folders, place = LAYOUTS[layout]
    shows = "print(__file__)\n"
    tree, site = release / "tree", release / "site"
    write(tree, {**{path: text for path, text in source.items()}, place: shows})
    module = ".".join(Path(place).with_suffix("").parts).removeprefix("src.")
    install(site, tree, {path: shows if path.endswith("main.py") else text for path, text in built.items()})
    folders = search_path(tree, tree, site, [], unite(site, tree, tree), ["shop"])
    write(release / "bin", {"probe.py": f"import {module}\n"})
    ways = [[str(release / "bin" / "probe.py")], ["-m", module], ["-c", f"import {module}"]]
    env = {**os.environ, "PYTHONPATH": ":".join(folders)}
    printed = {
        subprocess.run(
            [sys.executable, *way], cwd=tree, env=env, capture_output=True, text=True, check=True
        ).stdout.strip()
        for way in ways
    }
    assert printed == {str(tree / place)}
