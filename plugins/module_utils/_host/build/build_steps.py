"""Commands of an application that make a part of its release, such as the assets of a web page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import SandboxedRunner
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, last_lines
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import masked

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import BuildStepsEntry


def run_steps(
    steps: BuildStepsEntry, place: SandboxedRunner, tree: Path, venv: Path, site: Path, folders: Sequence[str]
) -> None:
    """Run the commands one after the other, in the application's folder, which they may write.

    Args:
        steps: of the application.
        place: runs them; the tree is writable there.
        tree: the application's folder.
        venv: the environment of the release, in PATH after programs of the release itself.
        site: the folder of packages of the release itself; it may be absent.
        folders: in which all programs of the release look for modules; those in PYTHONPATH of the steps come next.

    Raises:
        DeployError: one of them fails; says which, and the end of what it printed, without secrets.
    """
    added = [str(tree / folder) for folder in steps["env"].get("PYTHONPATH", "").split(":") if folder]
    env = {
        "PATH": f"{site}/bin:{venv}/bin:{PATH}",
        "VIRTUAL_ENV": str(venv),
        **steps["env"],
        **steps["secrets"],
        "PYTHONPATH": ":".join([*folders, *added]),
    }
    reads = [path for path in (venv, site) if path.is_dir()]
    for argv in steps["commands"]:
        # systemd looks for no program in the PATH of a unit.
        done = place.run_unchecked(["/usr/bin/env", "--", *argv], env, tree, reads, steps["network"])
        if done.returncode:
            printed = masked(last_lines(done), steps["secrets"].values())
            unreachable = place.unreachable(f"{done.stdout}\n{done.stderr}")
            lines = [f"build: {shlex.join(argv)} ended with status {done.returncode}", printed, unreachable]
            raise DeployError("\n".join(filter(None, lines)))
