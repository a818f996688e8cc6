"""What an application needs, read from its tree."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import (
    Installer,
    Interpreter,
    Pip,
    interpreters,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import is_package
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import (
    Requirements,
    check_protection,
    included,
    requirements_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import is_complete
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

WHERE = "https://git.example.com/shop.git at v1 (0a1b2c3d4e5f)"


class Exporting(Installer):
    """Stands for uv, which is not on every machine: gives the text it would export."""

    name = "uv"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def lock(self, tree: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> str:
        return self.text


def make(tree: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tree


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param({}, "", id="no file"),
        pytest.param({"requirements.txt": "fastapi\n"}, "fastapi\n", id="single"),
        pytest.param({"requirements.txt": "-r base.txt\n", "base.txt": "a\n"}, "-r base.txt\na\n", id="-r"),
        pytest.param({"requirements.txt": "-rbase.txt\n", "base.txt": "a\n"}, "-rbase.txt\na\n", id="-r without space"),
        pytest.param({"requirements.txt": "x\n -c c.txt # y\n", "c.txt": "a\n"}, "x\n -c c.txt # y\na\n", id="-c"),
        pytest.param(
            {"requirements.txt": "--requirement=base.txt\n", "base.txt": "a\n"},
            "--requirement=base.txt\na\n",
            id="--requirement=",
        ),
        pytest.param(
            {"requirements.txt": "--constraint c.txt\n", "c.txt": "a\n"}, "--constraint c.txt\na\n", id="--constraint"
        ),
        pytest.param(
            {"requirements.txt": "-r more/a.txt\n", "more/a.txt": "-r b.txt\n", "more/b.txt": "b\n", "b.txt": "no\n"},
            "-r more/a.txt\n-r b.txt\nb\n",
            id="relative to the file that includes",
        ),
        pytest.param(
            {"requirements.txt": "-r more/a.txt\n", "more/a.txt": "-r ../b.txt\n", "b.txt": "b\n"},
            "-r more/a.txt\n-r ../b.txt\nb\n",
            id="a directory up",
        ),
        pytest.param(
            {"requirements.txt": "-r a.txt\n", "a.txt": "-r requirements.txt\n"},
            "-r a.txt\n-r requirements.txt\n",
            id="circle",
        ),
        pytest.param(
            {"requirements.txt": "-r a.txt\n-r a.txt\n", "a.txt": "a\n"}, "-r a.txt\n-r a.txt\na\n", id="twice"
        ),
        pytest.param({"requirements.txt": "-r gone.txt\n"}, "-r gone.txt\n", id="missing"),
        pytest.param({"requirements.txt": "-r https://a/b.txt\n"}, "-r https://a/b.txt\n", id="URL"),
        pytest.param(
            {"requirements.txt": "# -r a.txt\n--require-hashes\n", "a.txt": "a\n"},
            "# -r a.txt\n--require-hashes\n",
            id="no inclusion",
        ),
    ],
)
def test_included(tmp_path: Path, files: dict[str, str], text: str) -> None:
    assert included(make(tmp_path, files), "requirements.txt") == text


def test_nothing_outside_the_tree_is_included(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret\n", encoding="utf-8")
    tree = make(tmp_path / "tree", {"requirements.txt": f"-r ../secret.txt\n-r {tmp_path}/secret.txt\n"})
    assert included(tree, "requirements.txt") == f"-r ../secret.txt\n-r {tmp_path}/secret.txt\n"
    for target in (tmp_path / "secret.txt", Path("/dev/zero"), Path("/etc")):
        (tree / "link.txt").unlink(missing_ok=True)
        (tree / "link.txt").symlink_to(target)
        (tree / "requirements.txt").write_text("-r link.txt\n")
        with pytest.raises(DeployError, match=r"link\.txt leads out of its folder"):
            included(tree, "requirements.txt")


def test_links_within_the_tree_are_followed(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", {"requirements/prod.txt": "fastapi\n"})
    (tree / "requirements.txt").symlink_to("requirements/prod.txt")
    assert included(tree, "requirements.txt") == "fastapi\n"


@pytest.mark.parametrize("name", ["uv.lock", "requirements.txt", "pyproject.toml"])
def test_what_is_no_regular_file_is_not_read(tmp_path: Path, name: str) -> None:
    """A pipe would never end, nor would some devices."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(DeployError, match=f"{name} is no regular file"):
        requirements_of(tmp_path, Exporting(""), WHERE)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(DeployError, match=f"{name} leads out of its folder"):
        requirements_of(tmp_path, Exporting(""), WHERE)


def test_files_have_a_size_and_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"requirements.txt": "#" * (8 * 2**20 + 1)})
    with pytest.raises(DeployError, match=r"requirements\.txt is too large: expected at most 8,388,608 bytes"):
        requirements_of(tmp_path, Exporting(""), WHERE)
    make(tmp_path, {"requirements.txt": "".join(f"-r {number}.txt\n" for number in range(201))})
    make(tmp_path, {f"{number}.txt": "" for number in range(201)})
    with pytest.raises(DeployError, match="includes more than 200 files"):
        requirements_of(tmp_path, Exporting(""), WHERE)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("dependencies = 1", "dependencies is no list of texts"),
        ("dependencies = [1]", "dependencies is no list of texts"),
        ('dynamic = "version"', "dynamic is no list of texts"),
        ("optional-dependencies = 3", "optional-dependencies is no table"),
        ("optional-dependencies = {a = {b = 1}}", "a is no list of texts"),
    ],
)
def test_what_a_project_says_has_a_type(tmp_path: Path, table: str, text: str) -> None:
    make(tmp_path, {"pyproject.toml": f'[project]\nname = "shop"\n{table}\n'})
    with pytest.raises(DeployError, match=text):
        requirements_of(tmp_path, Exporting(""), WHERE, DependencyOptions(extras=["a"]))


PROJECT = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["fastapi>=0.100", "httpx"]\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"uv.lock": "version = 1\n", "requirements.txt": "a\n", "pyproject.toml": PROJECT},
            Requirements("uv.lock", "exported==1\n", False, (), Path("TREE")),
            id="uv.lock comes first",
        ),
        pytest.param(
            {"requirements.txt": "-r base.txt\n", "base.txt": "a\n", "pyproject.toml": PROJECT},
            Requirements("requirements.txt", "-r base.txt\na\n", False),
            id="requirements.txt comes second",
        ),
        pytest.param(
            {"pyproject.toml": PROJECT},
            Requirements("pyproject.toml", "fastapi>=0.100\nhttpx\n", False),
            id="pyproject.toml comes last",
        ),
        pytest.param(
            {"pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n'},
            Requirements("pyproject.toml", "", False),
            id="project that needs nothing",
        ),
        pytest.param({"requirements.txt": ""}, Requirements("requirements.txt", "", False), id="empty requirements"),
    ],
)
def test_requirements_of(tmp_path: Path, files: dict[str, str], expected: Requirements) -> None:
    actual = requirements_of(make(tmp_path, files), Exporting("exported==1\n"), WHERE)
    assert replace(actual, folder=actual.folder and Path("TREE")) == expected


@pytest.mark.parametrize(
    ("line", "local"),
    [
        pytest.param("fastapi==0.100", False, id="from the index"),
        pytest.param("x @ https://example.com/x.tar.gz", False, id="from the network"),
        pytest.param("git+https://example.com/x.git", False, id="from git"),
        pytest.param("--index-url https://example.com/simple/", False, id="another index"),
        pytest.param(".", True, id="the tree itself"),
        pytest.param("./libs/x", True, id="a directory"),
        pytest.param("../x", True, id="a directory up"),
        pytest.param("libs/x", True, id="a directory without a dot"),
        pytest.param("wheels/x-1.0-py3-none-any.whl", True, id="a wheel"),
        pytest.param("-e .", True, id="-e"),
        pytest.param("-e./libs/x", True, id="-e without space"),
        pytest.param("--editable=libs/x", True, id="--editable"),
        pytest.param("file:///opt/x", True, id="file URL"),
        pytest.param("x @ file:///opt/x", True, id="named file URL"),
    ],
)
def test_what_points_into_the_tree(tmp_path: Path, line: str, local: bool) -> None:
    """Its code may change while its name does not, so a virtual environment must not be shared."""
    make(tmp_path, {"libs/x/pyproject.toml": PROJECT, "requirements.txt": f"fastapi\n{line}\n"})
    assert requirements_of(tmp_path, Pip(), WHERE).local is local


def test_requirements_that_only_a_build_knows(tmp_path: Path) -> None:
    make(tmp_path, {"pyproject.toml": '[project]\nname = "shop"\ndynamic = ["version", "dependencies"]\n'})
    with pytest.raises(DeployError, match="dynamic"):
        requirements_of(tmp_path, Pip(), WHERE)


def test_uv_lock_without_uv(tmp_path: Path) -> None:
    with pytest.raises(DeployError) as error:
        requirements_of(make(tmp_path, {"uv.lock": "version = 1\n"}), Pip(), WHERE)
    assert str(error.value) == (
        "uv.lock of the application needs uv to be read; write installer: uv, or add a requirements.txt"
    )


@pytest.mark.parametrize(
    ("files", "package"),
    [
        pytest.param({}, False, id="no pyproject.toml"),
        pytest.param({"pyproject.toml": PROJECT}, False, id="no build-system"),
        pytest.param({"pyproject.toml": f'{PROJECT}[build-system]\nrequires = ["hatchling"]\n'}, True, id="package"),
    ],
)
def test_is_package(tmp_path: Path, files: dict[str, str], package: bool) -> None:
    assert is_package(make(tmp_path, files)) is package


def test_broken_pyproject(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"^pyproject\.toml of the application cannot be read: .*line 1"):
        is_package(make(tmp_path, {"pyproject.toml": "[project\n"}))


@pytest.mark.parametrize(
    ("text", "mark", "whole"),
    [
        pytest.param(None, "", False, id="interrupted"),
        pytest.param("", "", True, id="no mark asked for"),
        pytest.param("m", "m", True, id="same mark"),
        pytest.param("m", "n", False, id="another mark"),
    ],
)
def test_complete(tmp_path: Path, text: str | None, mark: str, whole: bool) -> None:
    if text is not None:
        (tmp_path / ".complete").write_text(text, encoding="utf-8")
    assert is_complete(tmp_path, mark) is whole


EXTRAS = (
    PROJECT
    + """
[project.optional-dependencies]
postgres = ["asyncpg>=0.30"]
red_is = ["redis"]
all = ["Shop[postgres, red-is]", "orjson"]
round = ["shop[round]"]
"""
)


@pytest.mark.parametrize(
    ("extras", "more"),
    [
        ([], []),
        (["postgres"], ["asyncpg>=0.30"]),
        (["Red.IS", "postgres"], ["redis", "asyncpg>=0.30"]),
        (["all"], ["orjson", "asyncpg>=0.30", "redis"]),
        (["all", "postgres"], ["orjson", "asyncpg>=0.30", "redis"]),
        (["round"], []),
    ],
)
def test_extras(tmp_path: Path, extras: list[str], more: list[str]) -> None:
    actual = requirements_of(make(tmp_path, {"pyproject.toml": EXTRAS}), Pip(), WHERE, DependencyOptions(extras=extras))
    assert actual.text.splitlines() == ["fastapi>=0.100", "httpx", *more]


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {"pyproject.toml": EXTRAS},
            f"extras: found 'mysql', which the pyproject.toml of {WHERE} does not have; "
            "it has all, postgres, red-is, round",
            id="another",
        ),
        pytest.param(
            {"pyproject.toml": PROJECT},
            f"extras: found 'mysql', which the pyproject.toml of {WHERE} does not have; it has none",
            id="none",
        ),
        pytest.param(
            {"requirements.txt": "a\n"},
            f"extras: found mysql, but {WHERE} lists what it needs in requirements.txt, which has none; "
            "leave extras out, or add a uv.lock",
            id="requirements.txt",
        ),
    ],
)
def test_extras_that_are_not_there(tmp_path: Path, files: dict[str, str], text: str) -> None:
    with pytest.raises(DeployError) as error:
        requirements_of(make(tmp_path, files), Pip(), WHERE, DependencyOptions(extras=["mysql"]))
    assert str(error.value) == text


def test_what_is_included_may_lie_next_to_the_folder_of_the_application(tmp_path: Path) -> None:
    make(tmp_path, {"base.txt": "b\n", "backend/requirements.txt": "-r ../base.txt\n"})
    actual = requirements_of(tmp_path / "backend", Pip(), WHERE, whole=tmp_path)
    assert actual.text == "-r ../base.txt\nb\n"


def python(folder: Path, name: str, mode: int = 0o755) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\necho cpython-399\n", encoding="utf-8")
    path.chmod(mode)
    return path


def test_interpreters(tmp_path: Path) -> None:
    for name in ("a/python3.9", "a/python3.13", "b/python3.13", "b/python3.14", "b/python3.13-config", "b/python3"):
        python(tmp_path, name)
    python(tmp_path, "b/python3.15", 0o644)
    actual = interpreters(f"{tmp_path}/a:{tmp_path}/b:{tmp_path}/none")
    assert list(actual.items()) == [
        ("3.9", f"{tmp_path}/a/python3.9"),
        ("3.13", f"{tmp_path}/a/python3.13"),
        ("3.14", f"{tmp_path}/b/python3.14"),
    ]


def test_another_build_of_the_same_version_is_another_interpreter(tmp_path: Path) -> None:
    path = python(tmp_path, "bin/python3.99")
    actual = Interpreter.requested(str(path))
    assert actual.path == str(path)
    assert actual.tag.startswith("cpython-399-") and actual.tag.endswith(str(path))
    assert Interpreter.requested("system").path == "/usr/bin/python3"


@pytest.mark.parametrize("interpreter", ["3.99", "/opt/nothing/bin/python3"])
def test_an_interpreter_that_is_not_there(interpreter: str) -> None:
    with pytest.raises(DeployError) as error:
        Interpreter.requested(interpreter)
    text = str(error.value)
    assert text.startswith(f"python: found '{interpreter}', which this host does not have. It has ")
    mirror = "; or write python_mirror, from which uv fetches that version" if interpreter == "3.99" else ""
    assert text.endswith(f"write one of these or python: system, or install it on the host before{mirror}")


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("shop @ git+http://git.example.com/shop.git@v1", "http://git.example.com/shop.git@v1"),
        ("shop @ git+git://git.example.com/shop.git", "git://git.example.com/shop.git"),
        ("-e GIT+HTTP://git.example.com/shop.git#egg=shop", "HTTP://git.example.com/shop.git#egg=shop"),
        ("shop@http://files.example.com/shop-1.0.tar.gz", "http://files.example.com/shop-1.0.tar.gz"),
        (
            "http://ops:secret@files.example.com/shop-1.0.whl ; python_version > '3'",
            "http://files.example.com/shop-1.0.whl",
        ),
        ("--extra-index-url=http://pypi.example.com/simple", "http://pypi.example.com/simple"),
        ("-f http://files.example.com/", "http://files.example.com/"),
        ("-r http://files.example.com/base.txt", "http://files.example.com/base.txt"),
        ("shop \\\n  @ ftp://files.example.com/shop.whl", "ftp://files.example.com/shop.whl"),
    ],
)
def test_requirement_over_a_plain_transport_is_refused(tmp_path: Path, line: str, url: str) -> None:
    requirements = Requirements("requirements.txt", f"fastapi==0.120.0\n{line}\n", False)
    with pytest.raises(DeployError) as error:
        check_protection(requirements, tmp_path, WHERE, hashes=False, insecure=False)
    expected = f"requirements.txt of {WHERE} names {url}, which is not protected on its way; expected https:// or SSH"
    assert error.value.reason.startswith(expected)
    assert "secret" not in error.value.reason
    check_protection(requirements, tmp_path, WHERE, hashes=False, insecure=True)


@pytest.mark.parametrize(
    "line",
    [
        f"shop @ http://files.example.com/shop-1.0.tar.gz --hash=sha256:{'0' * 64}",
        f"shop @ http://files.example.com/shop-1.0.tar.gz#sha256={'0' * 64}",
        f"shop @ git+http://git.example.com/shop.git@{'0' * 40}",
        "shop @ git+https://git.example.com/shop.git@v1",
        "shop @ git+ssh://git@git.example.com/shop.git",
        "shop @ http://localhost:8000/shop.whl",
        "fastapi==0.120.0  # http://example.com",
    ],
)
def test_requirement_that_is_protected_is_taken(tmp_path: Path, line: str) -> None:
    requirements = Requirements("requirements.txt", f"{line}\n", False)
    check_protection(requirements, tmp_path, WHERE, hashes=False, insecure=False)
