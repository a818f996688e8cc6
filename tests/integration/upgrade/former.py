"""The former release of the collection: which one it is, installed, and a host as it left it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.integration.hosts import HOSTS, Run, playbook
from tests.integration.upgrade import FORMER
from tests.lab import LabError
from tests.lab.process import run

FOLDER = HOSTS.parent / "upgrade"
COLLECTIONS = FOLDER / "collections"
INVENTORY = ROOT / "molecule" / "upgrade" / "inventory.yml"


def former() -> str:
    """Return the newest tag of a release before this commit, or what stands for it."""
    described = run(
        ["git", "-C", str(ROOT), "describe", "--tags", "--abbrev=0", "--match=v[0-9]*", "HEAD~1"], check=False
    )
    return described.stdout.strip() or FORMER


def install(commit: str) -> None:
    """Build that commit's artifact, and install it into a path of its own."""
    source = FOLDER / "source"
    shutil.rmtree(FOLDER, ignore_errors=True)
    source.mkdir(parents=True)
    git = ["git", "-C", str(ROOT)]
    if subprocess.run([*git, "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True, check=False).returncode:
        run([*git, "fetch", "--quiet", "--depth=1", "origin", commit])  # a shallow clone does not have it
    packed = subprocess.run([*git, "archive", commit], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(source)], input=packed.stdout, check=True)
    galaxy = [str(Path(sys.executable).with_name("ansible-galaxy")), "collection"]
    run([*galaxy, "build", str(source), "--output-path", str(FOLDER)])
    (artifact,) = FOLDER.glob("*.tar.gz")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    run([*galaxy, "install", str(artifact), "--collections-path", str(COLLECTIONS)], env=environment)


def site(*arguments: str, name: str = "site", **environment: Any) -> Run:
    """Return a playbook with the scenario's inventory."""
    return playbook(*arguments, name=name, inventories=(HOSTS, INVENTORY), **environment)


def main() -> None:
    """Release two versions, so that there is one to roll back to."""
    commit = former()
    install(commit)
    for version in ("v1.0.0", "v1.1.0"):
        ran = site(f"--extra-vars=older_version={version}", ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS)).ok()
        print(f"{commit} released {version}\n{ran.output[-500:]}")


if __name__ == "__main__":
    try:
        main()
    except (LabError, AssertionError) as error:
        sys.exit(f"error: {error}")
