"""A git server for the labs: applications are fetched from it as users' hosts fetch theirs.

There is one per machine, on the bridge's address; it ends with the last lab.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab.network import GATEWAY
from tests.lab.process import run
from tests.lab.state import STATE, read_process, remove_tree, start_service

DIRECTORY = STATE / "git"
DAEMON = DIRECTORY / "daemon"


class Repository:
    """A repository of a lab, with a working tree beside it."""

    def __init__(self, lab: str, name: str, tree: Path) -> None:
        self.url = f"git://{GATEWAY}/{lab}/{name}.git"
        self.tree = tree
        self._bare = DIRECTORY / lab / f"{name}.git"

    def create(self, source: Path) -> None:
        """Begin with a copy of a folder's files, without what building and running left there."""
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.rmtree(self._bare, ignore_errors=True)
        shutil.copytree(source, self.tree, ignore=shutil.ignore_patterns("__pycache__", ".venv", ".*_cache"))
        run(["git", "init", "--quiet", "--bare", str(self._bare)])
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("config", "user.name", "asgi.deploy")
        self._git("config", "user.email", "dev@example.com")
        self._git("remote", "add", "origin", str(self._bare))

    def commit(self, tag: str) -> None:
        """Publish the working tree as it is now, under a tag."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", tag)
        self._git("tag", tag)
        self._git("push", "--quiet", "--tags", "origin", "main")

    def _git(self, *arguments: str) -> None:
        run(["git", "-C", str(self.tree), *arguments])


def up() -> None:
    """Start the server unless it runs."""
    if read_process(DAEMON.with_suffix(".json")) is None:
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        command = ["git", "daemon", f"--base-path={DIRECTORY}", "--export-all", "--reuseaddr", f"--listen={GATEWAY}"]
        start_service(DAEMON, command)


def forget(lab: str) -> None:
    """Remove a lab's repositories."""
    remove_tree(DIRECTORY / lab)


def down() -> None:
    """End it and forget what it served."""
    if process := read_process(DAEMON.with_suffix(".json")):
        process.end()
    remove_tree(DIRECTORY)
