"""Commands that make a part of a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import SandboxedRunner
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_steps import run_steps
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import BuildStepsEntry

STEPS: BuildStepsEntry = {
    "commands": [["npm", "ci"], ["npm", "run", "build"]],
    "env": {"NODE_ENV": "production"},
    "secrets": {"NPM_TOKEN": "hunter2hunter2"},
    "network": False,
}


class Runner:
    """Records what would be run, and fails where it is asked to."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.calls: list[tuple[list[str], Mapping[str, str], Path, list[Path], bool]] = []

    def run_unchecked(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, reads: Sequence[Path], network: bool
    ) -> CompletedProcess[str]:
        self.calls.append((list(argv), env, cwd, list(reads), network))
        status = 3 if self.fails in argv and self.fails else 0
        return CompletedProcess(argv, status, "", f"no token {env['NPM_TOKEN']}\n")

    def unreachable(self, _printed: str) -> str | None:
        return None


def run(runner: Runner, folder: Path, *, site: bool = False) -> None:
    """Run the steps in folders of a release."""
    for name in ("tree", "venv", *(["site"] if site else [])):
        (folder / name).mkdir()
    place, tree, venv = cast("SandboxedRunner", cast("Any", runner)), folder / "tree", folder / "venv"
    steps: BuildStepsEntry = {**STEPS, "env": {**STEPS["env"], "PYTHONPATH": "lib"}}
    run_steps(steps, place, tree, venv, folder / "site", ["/first", "/second"])


def test_each_command_runs_in_the_tree_with_the_environment_of_the_release(tmp_path: Path) -> None:
    runner = Runner()
    run(runner, tmp_path, site=True)
    assert [call[0] for call in runner.calls] == [
        ["/usr/bin/env", "--", "npm", "ci"],
        ["/usr/bin/env", "--", "npm", "run", "build"],
    ]
    _argv, env, cwd, reads, network = runner.calls[0]
    assert env["PATH"].startswith(f"{tmp_path}/site/bin:{tmp_path}/venv/bin:/")
    assert env["PYTHONPATH"] == f"/first:/second:{tmp_path}/tree/lib"
    assert (env["NODE_ENV"], env["NPM_TOKEN"]) == ("production", "hunter2hunter2")
    assert (cwd, reads, network) == (tmp_path / "tree", [tmp_path / "venv", tmp_path / "site"], False)


def test_the_first_that_fails_ends_it_without_its_secrets(tmp_path: Path) -> None:
    runner = Runner(fails="ci")
    with pytest.raises(DeployError) as error:
        run(runner, tmp_path)
    assert len(runner.calls) == 1
    assert error.value.reason == "build: npm ci ended with status 3\nno token ********"
