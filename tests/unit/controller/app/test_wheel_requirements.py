"""Requirements from which wheels are fetched: nothing of a repository is run on the controller."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import included_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_lines import lines
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.wheel_requirements import refuse_builds


@pytest.mark.parametrize(
    "line",
    [
        "-e ./dep",
        "-e.",
        "--editable=./dep",
        "--editable ./dep",
        "./dep",
        "dep/",
        "dep.tar.gz",
        "./dist/dep-1-py3-none-any.whl",
        "file:///srv/dep",
        "dep @ file:///srv/dep",
        "dep @ ./dep",
        "git+https://git.example.com/dep.git",
        "dep @ git+https://git.example.com/dep.git@v1",
        "dep @ git+ssh://git@git.example.com/dep.git",
        "dep @ https://example.com/dep-1.tar.gz",
        "dep @ https://example.com/dep-1.zip#egg=dep.whl",
        "https://example.com/dep-1-py3-none-any.whl",
        "--no-binary :all:",
        "--no-binary=dep",
        "--config-settings=--build-option=x",
        "--global-option=x",
        "-e \\\n ./dep",
        "fastapi \\\n  @ file:///srv/dep",
        "$(id)",
        "-",
        "--",
        "# a comment ends with its line \\\n-e ./dep",
        "httpx # so does this \\\n-e ./dep",
        "# a carriage return ends it, too\r-e ./dep",
        "-r more.txt -e ./dep",
        "-r more.txt ./dep",
        "--requirement more.txt --no-binary :all:",
        "--pre -e ./dep",
        "--no-index ./dep",
        "--index-url https://index.example.com/simple -e ./dep",
        "--pre -r more.txt",
        "--index-url",
        "--only-binary :none:",
        "--only-binary=:none:",
        "--only-binary :all: --only-binary :none:",
        "--only-binary dep",
    ],
)
def test_requirement_that_would_be_built_is_refused(line: str) -> None:
    with pytest.raises(
        DeployError, match=r"^wheelhouse: requirements\.txt of shop has the line .*nothing of a repository"
    ):
        refuse_builds({"requirements.txt": f"fastapi==0.139\n{line}\n"}, "shop")


def test_requirement_that_is_fetched_is_accepted() -> None:
    text = """
# -e ./dep
fastapi[all]==0.139 ; python_version > "3.10"  # -e ./dep
httpx>=0.27,<1 --hash=sha256:0123 \\
    --hash=sha256:4567
uvicorn~=0.54
dep @ https://example.com/dep-1-py3-none-any.whl
dep2 @ https://example.com/dep2-1-py3-none-any.whl#sha256=0123
--index-url https://index.example.com/simple
-i https://index.example.com/simple
--require-hashes
-r more.txt
-c constraints.txt
--pre --only-binary :all: --extra-index-url=https://more.example.com/simple
--only-binary=:all:
"""
    refuse_builds({"requirements.txt": text}, "shop")
    assert lines("a \\\n ==1 # x\n\n#y\n") == ["a   ==1"]


def test_file_from_outside_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.txt").write_text("-r b.txt\n-r https://example.com/c.txt\n")
    (tmp_path / "more" / "b.txt").write_text("b\n")
    (tmp_path / "requirements.txt").write_text("-r more/a.txt\n-r ../out.txt\n-c /srv/c.txt\n-r gone.txt\n")
    files = included_files(tmp_path, "requirements.txt")
    actual = [name for name, text in files.items() if text is None]
    assert actual == ["https://example.com/c.txt", "../out.txt", "/srv/c.txt", "gone.txt"]
    with pytest.raises(DeployError, match=r"includes 'https://example\.com/c\.txt', which is no file of its tree"):
        refuse_builds(files, "shop")


@pytest.mark.parametrize("end", ["# an end without a new line", "x ; python_version > '3' \\\n"])
def test_each_included_file_is_checked(tmp_path: Path, end: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"-r more.txt\n{end}")
    (tmp_path / "more.txt").write_text("-e ./dep\n")
    with pytest.raises(DeployError, match=r"wheelhouse: more\.txt of shop has the line '-e \./dep'"):
        refuse_builds(included_files(tmp_path, "requirements.txt"), "shop")


def test_carriage_return_ends_a_line_that_includes(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"# a comment\r-r more.txt\r")
    (tmp_path / "more.txt").write_text("-e ./dep\n")
    with pytest.raises(DeployError, match=r"wheelhouse: more\.txt of shop has the line '-e \./dep'"):
        refuse_builds(included_files(tmp_path, "requirements.txt"), "shop")
