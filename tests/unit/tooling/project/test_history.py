"""The check of commits: their form, their fragments, and clones that do not have them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests import ROOT
from tests.project.history import LONGEST, START, commits, form_errors, fragment_errors, main

BODY = "Because it is needed."


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository whose first commit is from before START, and is that of origin/main."""
    folder = tmp_path / "clone"
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "a", f"{'x' * 100}", START - 1)
    _git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return folder


def _git(folder: Path, *arguments: str, time: int = START) -> None:
    identity = {"AUTHOR": "a", "COMMITTER": "c"}
    names = {
        f"GIT_{role}_{what}": f"{name}@example.com" for role, name in identity.items() for what in ("NAME", "EMAIL")
    }
    times = {f"GIT_{role}_DATE": f"{time} +0000" for role in identity}
    argv = ["git", "-c", "commit.gpgsign=false", "-C", str(folder), *arguments]
    subprocess.run(argv, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **names, **times})


def commit(folder: Path, file: str, message: str, time: int = START) -> None:
    """Commit a new content of a file."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(message)
    _git(folder, "add", "-A")
    _git(folder, "commit", "--quiet", "--message", message, time=time)


def test_commits_from_before_are_not_checked(repository: Path) -> None:
    assert main(repository) == []


def test_a_long_subject_is_refused(repository: Path) -> None:
    commit(repository, "a", f"{'x' * LONGEST}\n\n{BODY}")
    assert main(repository) == []
    commit(repository, "a", f"{'x' * (LONGEST + 1)}\n\n{BODY}")
    [message] = main(repository)
    assert f"found a subject of {LONGEST + 1} characters" in message


def test_a_commit_without_a_body_is_refused(repository: Path) -> None:
    commit(repository, "a", "Say nothing")
    [message] = main(repository)
    assert "found no body" in message


@pytest.mark.parametrize("file", ["plugins/modules/a.py", "roles/app/tasks/main.yml"])
def test_a_change_without_a_fragment_is_refused(repository: Path, file: str) -> None:
    commit(repository, file, f"Change it\n\n{BODY}")
    [message] = main(repository)
    assert message.startswith(f"{file}: found no fragment")
    commit(repository, "changelogs/fragments/a.yml", f"Describe it\n\n{BODY}")
    assert main(repository) == []


def test_a_change_of_tests_needs_no_fragment(repository: Path) -> None:
    commit(repository, "tests/a.py", f"Test it\n\n{BODY}")
    assert main(repository) == []


def test_what_is_in_origin_already_needs_no_fragment(repository: Path) -> None:
    commit(repository, "plugins/a.py", f"Change it\n\n{BODY}")
    _git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert main(repository) == []


def test_a_shallow_clone_has_only_what_it_has(repository: Path, tmp_path: Path) -> None:
    commit(repository, "plugins/a.py", "Say nothing")
    commit(repository, "plugins/a.py", f"Change it\n\n{BODY}")
    shallow = tmp_path / "shallow"
    _git(repository, "clone", "--quiet", "--depth=1", f"file://{repository}", str(shallow))
    assert main(shallow) == []


def test_a_folder_without_commits_has_none(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet")
    assert commits(tmp_path, "HEAD") == []
    assert main(tmp_path) == []


def test_files_of_a_commit_are_read(repository: Path) -> None:
    commit(repository, "plugins/a b.py", f"Change it\n\n{BODY}")
    [read] = commits(repository, "HEAD")
    assert (read.subject, read.body, read.files) == ("Change it", BODY, ("plugins/a b.py",))
    assert form_errors([read]) == []
    assert fragment_errors([read]) != []


def test_dependabot_knows_each_folder_with_requirements() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    [folders] = [update["directories"] for update in updates if update["package-ecosystem"] == "pip"]
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.in"]
    files = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert set(folders) == {f"/{Path(file).parent}".replace("/.", "/") for file in files}
