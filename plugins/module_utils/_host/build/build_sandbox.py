"""Where virtual environments are built: what others wrote runs as a user of its own, in a sandbox.

A package without a wheel is built by code of its own, and so is an application that says how. Here that reaches less
than when the application serves. What it leaves is root's again, and made harmless, before anybody goes on with it.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import ClassVar

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import folder_of
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import transient_units as transient
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import users as accounts
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, attempt, last_lines
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CACHE, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import environment_file

USER = "asgi_build"  # no application's: a hyphen follows asgi in theirs
_SECONDS = 1800  # that one program may take
_TRIES = 3  # of a program that systemd forgot
_LOST = ("Failed to start transient service unit:", "Failed to query unit state")  # as systemd-run says
_ENDING = 5  # seconds that it has to end, once it is told to
# Of our own environment, what is about root: its home, its session, what it was before sudo.
_ROOTS_OWN = ("HOME", "LOGNAME", "MAIL", "OLDPWD", "PWD", "SHELL", "SUDO_", "TMPDIR", "USER", "XDG_")
_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH


class Place:
    """Where programs run that build environments: as root, which is for what we have pinned by its hash."""

    cache = Path(CACHE)
    settings: ClassVar[Mapping[str, str]] = {}  # of uv
    folder: Path | None = None  # for files that they are to read

    def attempt(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> CompletedProcess[str]:
        """Runs a program to its end; see :func:`commands.attempt`."""
        return attempt(argv, env, str(cwd) if cwd else None, timeout=_SECONDS)

    @contextmanager
    def lent(self, *_trees: Path) -> Iterator[None]:
        """Lets programs write these trees meanwhile."""
        yield


ROOT = Place()


class Workshop(Place):
    """The place of one application, while its lock is held."""

    # A second name of a file in the cache would be whose the cache is.
    settings: ClassVar[Mapping[str, str]] = {"UV_LINK_MODE": "copy"}

    def __init__(self, layout: Layout, lines: Sequence[str]) -> None:
        """
        Args:
            layout: of the application.
            lines: of a unit's section Service: what programs may do and see here.
        """
        self._layout = layout
        self._lines = lines
        if not accounts.exists(USER):
            accounts.make(USER, "Builds environments of applications")
        self._lent: list[Path] = []
        self.cache = Path(layout.packages)
        self.folder = folder = folder_of(layout.app)
        self._environment = folder / "environment"
        self.cache.mkdir(parents=True, exist_ok=True)
        shutil.chown(self.cache, USER, USER)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, group=USER)
            path.chmod(0o750 if path.is_dir() else 0o640)

    def attempt(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> CompletedProcess[str]:
        # By a file, as the properties of a unit are for everybody to read.
        text = environment_file(surroundings(os.environ, self.cache, env or {}))
        write(self._environment, text.encode(errors="surrogateescape"), 0o600)
        for _try in range(_TRIES):
            began = time.time()
            try:
                done = attempt(self._systemd_run(argv, cwd), timeout=_SECONDS)
            except DeployError as error:
                systemd.stop(self._layout.build_unit)
                raise DeployError(f"{' '.join(argv[:3])} … did not end within {_SECONDS} s") from error
            if not lost(done):
                return transient.explained(done, self._layout.build_unit, began)
            systemd.stop(self._layout.build_unit)
        raise DeployError(last_lines(done))

    def _systemd_run(self, argv: Sequence[str], cwd: Path | None) -> list[str]:
        properties = [
            *self._lines,
            *(f"User={USER}", f"Group={USER}", "UMask=0022", f"SyslogIdentifier={self._layout.app}"),
            *(f"EnvironmentFile={self._environment}", f"WorkingDirectory={cwd or '/'}"),
            *(f"BindReadOnlyPaths={self.folder}", f"BindPaths={' '.join(map(str, (self.cache, *self._lent)))}"),
            *(f"RuntimeMaxSec={2 * _SECONDS}", f"TimeoutStopSec={_ENDING}"),
        ]
        options = ("--pipe", "--wait", "--collect", "--service-type=exec")
        description = f"--description={self._layout.app}: builds an environment"
        return transient.command(self._layout.build_unit, argv, properties, *options, description)

    @contextmanager
    def lent(self, *trees: Path) -> Iterator[None]:
        """Lets programs write these trees meanwhile, which are their user's for so long."""
        for tree in trees:
            _hand_over(tree)
        self._lent += trees
        try:
            yield
        finally:
            self._lent = [tree for tree in self._lent if tree not in trees]
            for tree in trees:
                take_back(tree)


def lost(done: CompletedProcess[str]) -> bool:
    """Whether nobody knows what became of a program that ran as a unit, as when systemd was upgraded meanwhile.

    The status is of no help: systemd-run of 252 ends with 0 then.
    """
    return any(line.startswith(_LOST) for line in done.stderr.splitlines())


def end_of_killed(layout: Layout) -> None:
    """Ends what a run that was killed has left at work; the application's lock is held."""
    systemd.stop(layout.build_unit)


def surroundings(ours: Mapping[str, str], home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: ours, such as the way to a proxy, without what is about root."""
    kept = {name: value for name, value in ours.items() if not name.startswith(_ROOTS_OWN)}
    return {**kept, "PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": str(home), **given}


def _hand_over(tree: Path) -> None:
    for path in _all(tree):
        if not path.is_symlink():
            shutil.chown(path, USER, USER)


def take_back(tree: Path, owner: int = 0) -> None:
    """Has root own a tree again, with nothing in it but folders, links, and files that nobody else may write.

    No program may be at work in it any more.
    """
    for path in _all(tree):
        kind = path.lstat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISLNK(kind)):
            path.unlink()  # whoever opens a pipe waits for ever
            continue
        os.chown(path, owner, owner, follow_symlinks=False)
        if not stat.S_ISLNK(kind):
            path.chmod(stat.S_IMODE(kind) & ~_BITS)


def _all(tree: Path) -> Iterator[Path]:
    """A tree, and all that is in it; links are not followed."""
    yield tree
    for folder, folders, files in os.walk(tree):
        yield from (Path(folder, name) for name in (*folders, *files))
