"""Which Python an application asks for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Interpreter
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import read_pyproject
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_version import check_python
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

WHERE = "/srv/git/shop at v1"
OWN = Interpreter.at(sys.executable)
MINOR = "{}.{}".format(*sys.version_info)


def check(tree: Path, requires: str | None, pinned: str | None = None, chosen: bool = False) -> None:
    """Check the Python of these tests."""
    if requires is not None:
        (tree / "pyproject.toml").write_text(f'[project]\nname = "shop"\nrequires-python = "{requires}"\n', "utf-8")
    if pinned is not None:
        (tree / ".python-version").write_text(pinned, "utf-8")
    check_python(tree, read_pyproject(tree), OWN, chosen, WHERE)


@pytest.mark.parametrize("requires", [None, ">=3.11", f"=={MINOR}.*"])
@pytest.mark.parametrize(
    "pinned", [None, "", f"{MINOR}\n", f"# ours\n{MINOR}.9\n3.8\n", f"cpython@{MINOR}", "pypy3.11-7.3"]
)
def test_python_that_fits(tmp_path: Path, requires: str | None, pinned: str | None) -> None:
    check(tmp_path, requires, pinned)


def test_python_that_the_project_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError) as error:
        check(tmp_path, ">=3.99", chosen=True)
    assert error.value.reason.startswith(
        f"python: found {OWN.version}, but {WHERE} has requires-python '>=3.99'. This host has "
    )


def test_specifier_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"requires-python of .*: found '\^3\.11', expected a specifier"):
        check(tmp_path, "^3.11")


def test_pinned_version_counts_unless_the_entry_names_one(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"but \.python-version of .* names 3\.99\. This host has .*takes the place"):
        check(tmp_path, None, "3.99.1\n")
    check(tmp_path, None, "3.99.1\n", chosen=True)
