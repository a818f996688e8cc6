"""What a host and a repository try succeeds where nothing protects: by plain git, pip, tar, json and Jinja.

These are the controls of `tests/attacks/table.py` for attacks that need no host.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.fleet import overview

from tests.unit.host.source.test_git import Repository

IDENTITY = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def git(folder: Path, *arguments: str) -> str:
    argv = ["git", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True, env={**os.environ, **IDENTITY})
    return done.stdout


@pytest.mark.parametrize("way", ["..", "link"])
def test_a_submodule_is_laid_out_where_its_path_leads(tmp_path: Path, way: str) -> None:
    """By a program that joins the paths of a tree's submodules with its own folder."""
    victim, tree = tmp_path / "victim", tmp_path / "a" / "tree"
    victim.mkdir()
    tree.mkdir(parents=True)
    evil = Repository(tmp_path / "evil")
    evil.commit("[Service]\nExecStart=/bin/evil\n")
    path = "../../victim/x"
    if way == "link":
        (tree / "lib").symlink_to(victim)
        path = "lib/x"
    git(tmp_path, "clone", "--quiet", str(evil.path), str(tree / path))
    assert any(file.is_file() for file in (victim / "x").iterdir())


def test_a_submodule_is_fetched_from_a_folder_of_the_host(tmp_path: Path) -> None:
    private = Repository(tmp_path / "private")
    commit = private.commit("secret")
    git(tmp_path, "init", "--quiet", "--bare", "mirror")
    git(tmp_path / "mirror", "fetch", "--quiet", str(private.path), commit)
    assert git(tmp_path / "mirror", "cat-file", "-t", commit).strip() == "commit"


def test_a_commit_of_another_author_is_checked_out(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "shop")
    commit = repository.commit("from another author")
    git(tmp_path, "clone", "--quiet", str(repository.path), "tree")
    assert git(tmp_path / "tree", "rev-parse", "HEAD").strip() == commit


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pyproject.toml").symlink_to("../secret")
    assert (tmp_path / "tree" / "pyproject.toml").read_text() == "secret"


def test_a_device_is_read_without_end(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").symlink_to("/dev/zero")
    with (tmp_path / "pyproject.toml").open("rb") as file:
        assert len(file.read(10 * 2**20)) == 10 * 2**20


def test_a_pipe_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "METADATA")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["cat", str(tmp_path / "METADATA")], timeout=0.5, check=False)


def test_a_folder_is_inspected_and_another_one_is_read(tmp_path: Path) -> None:
    """As what is swapped between the inspection of a path and its opening."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("secret")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("text")
    looked = (tmp_path / "tree" / "file").resolve()
    assert looked.is_relative_to(tmp_path / "tree")
    shutil.rmtree(tmp_path / "tree")
    (tmp_path / "tree").symlink_to("other")
    assert looked.read_text() == "secret"


def test_requirements_are_included_from_elsewhere(tmp_path: Path) -> None:
    """What is in them is shown, and installed."""
    (tmp_path / "secret.txt").write_text("s3cret-of-a-user==1\n")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "requirements.txt").write_text("-r link.txt\n")
    (tmp_path / "tree" / "link.txt").symlink_to("../secret.txt")
    uv = str(Path(sys.executable).with_name("uv"))
    argv = [uv, "pip", "compile", "--offline", "--no-index", "--no-cache", "requirements.txt"]
    done = subprocess.run(argv, cwd=tmp_path / "tree", capture_output=True, text=True, check=False)
    assert "s3cret-of-a-user" in done.stderr


BACKEND = """\
import pathlib
def get_requires_for_build_editable(settings=None):
    pathlib.Path({reached!r}).touch()
    return []
get_requires_for_build_wheel = get_requires_for_build_editable
"""


@pytest.mark.parametrize("line", ["-e ./dep", "./dep"])
def test_a_line_of_requirements_runs_code(tmp_path: Path, line: str) -> None:
    reached = tmp_path / "reached"
    (tmp_path / "dep").mkdir()
    system = '[build-system]\nrequires = []\nbuild-backend = "evil"\nbackend-path = ["."]\n'
    (tmp_path / "dep" / "pyproject.toml").write_text(system)
    (tmp_path / "dep" / "evil.py").write_text(BACKEND.format(reached=str(reached)))
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    uv = str(Path(sys.executable).with_name("uv"))
    argv = [uv, "pip", "install", "--offline", "--no-cache", f"--target={tmp_path}/site", "-r", "requirements.txt"]
    subprocess.run(argv, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert reached.exists()


def test_an_archive_is_unpacked_where_its_names_lead(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        entry = tarfile.TarInfo("shop/../../evil")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    (tmp_path / "a" / "tree").mkdir(parents=True)
    subprocess.run(["tar", "-xPf", str(tmp_path / "a.tar")], cwd=tmp_path / "a" / "tree", check=True)
    assert (tmp_path / "a" / "evil").read_text() == "evil"


def test_a_link_among_static_files_is_served(tmp_path: Path) -> None:
    """As by a copy of the folder that follows links."""
    (tmp_path / "environment").write_text("SECRET=x")
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "logo.png").symlink_to("../environment")
    shutil.copytree(tmp_path / "public", tmp_path / "served")
    assert (tmp_path / "served" / "logo.png").read_text() == "SECRET=x"


def test_a_template_is_code() -> None:
    fact = "{{ cycler.__init__.__globals__.os.popen('echo reached').read() }}"
    assert jinja2.Template(fact).render().strip() == "reached"


def test_a_sequence_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print(json.loads(json.dumps({"msg": "\x1b[2J\x1b]0;owned\x07"}))["msg"])
    assert "\x1b[2J\x1b]0;owned\x07" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "error"),
    [("[" * 200_000, RecursionError), ('{"a": ' + "9" * 5000 + "}", ValueError)],
    ids=["depth", "a number of 5,000 digits"],
)
def test_an_answer_ends_its_reader(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        json.loads(text)


def test_an_answer_of_any_size_is_taken() -> None:
    assert len(json.loads(json.dumps(["x" * 1000] * 20_000))) == 20_000


@pytest.mark.parametrize("applications", [{"shop": {"live": 1}}, {"shop": []}, ["shop"]], ids=str)
def test_an_answer_of_another_type_ends_what_shows_it(applications: Any) -> None:
    host = {"now": 1, "memory_available": 1, "memory_total": 1, "disk_free": 1, "disk_total": 1, "firewall": None}
    report: Any = {"applications": applications, "certificates": {}, "host": host}
    with pytest.raises((AttributeError, TypeError, KeyError)):
        overview({"web1": report})


def test_a_value_becomes_a_line() -> None:
    """By a template that writes it as it is."""
    text = jinja2.Template("NAME={{ value }}\n").render(value="shop\nLD_PRELOAD=/tmp/evil.so")
    assert text.splitlines() == ["NAME=shop", "LD_PRELOAD=/tmp/evil.so"]
