"""The sandbox in which virtual environments are built: code of packages runs as a user of its own.

A package without a wheel is built by its own code, and so is an application that says how it is built. In the sandbox
that code may do less than when the application serves. Before its result is used, root owns it again and it is made
harmless.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shlex
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import ClassVar

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_network import resolve_reachable
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.cache_bound import bound_cache
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import build_folder
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd, transient_units, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CACHE, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import environment_file

_SECONDS = 1800  # that one program may take
_TRIES = 3  # of a program that systemd forgot
_LOST = ("Failed to start transient service unit:", "Failed to query unit state")  # as systemd-run prints
_ENDING = 5  # seconds that it has to end, after the signal to do so
# Variables of this process that are about root: its home, its session, and the user before sudo.
_ABOUT_ROOT = ("HOME", "LOGNAME", "MAIL", "OLDPWD", "PWD", "SHELL", "SUDO_", "TMPDIR", "USER", "XDG_")
_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH


class BuildRunner:
    """Runs programs that build environments as root, which is for packages that are pinned by their hashes.

    Attributes:
        cache: the folder of their caches.
        settings: variables for uv.
        folder: a folder for files that they read; None for any.
    """

    cache = Path(CACHE)
    settings: ClassVar[Mapping[str, str]] = {}
    folder: Path | None = None

    def run_unchecked(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        reads: Sequence[Path] = (),
        network: bool = True,
    ) -> CompletedProcess[str]:
        """Run a program and return its result, whatever its exit status; see :func:`commands.run_unchecked`.

        Args:
            argv: the program and its arguments.
            env: further variables.
            cwd: its working directory.
            reads: further paths that it may read.
            network: whether it reaches the network, which only a sandbox can deny.
        """
        return run_unchecked(argv, env, str(cwd) if cwd else None, timeout=_SECONDS)

    @contextmanager
    def writable(self, *_trees: Path) -> Iterator[None]:
        """Allow programs to write these trees until the block ends."""
        yield

    def unreachable(self, _printed: str) -> str | None:
        """Return the message about a failed program that could not reach a host; None if that is not why it failed."""
        return None


ROOT_RUNNER = BuildRunner()


class SandboxedRunner(BuildRunner):
    """Runs programs that build environments of one application in a sandbox; its lock must be held."""

    # The build user would own a second name of a file in the cache.
    settings: ClassVar[Mapping[str, str]] = {"UV_LINK_MODE": "copy"}

    def __init__(
        self, layout: Layout, lines: Sequence[str], hosts: Sequence[str] | None = None, insecure: bool = False
    ) -> None:
        """Create the build user and its cache.

        Args:
            layout: of the application.
            lines: of a unit's section Service, which restrict the programs.
            hosts: the only hosts that they may connect to, apart from proxies; None for all.
            insecure: whether git may use a plain transport.
        """
        self._transports = {} if insecure else {"GIT_ALLOW_PROTOCOL": "file:https:ssh"}
        self._layout = layout
        self._reach = None if hosts is None else resolve_reachable(hosts, os.environ)
        self.user = user = users.ensure_build_user(layout)
        self._writable: list[Path] = []
        self.ran = 0  # how many programs were run
        self.cache = Path(layout.packages)
        self.folder = folder = build_folder(layout.app)
        self._environment = folder / "environment"
        self._lines = [*lines, *(self._reach.properties(folder) if self._reach else [])]
        prepare_cache(self.cache, user)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, group=user)
            path.chmod(0o750 if path.is_dir() else 0o640)

    def run_unchecked(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        reads: Sequence[Path] = (),
        network: bool = True,
    ) -> CompletedProcess[str]:
        self.ran += 1
        # In a file, as any user can read the properties of a unit.
        text = environment_file(build_environment(os.environ, self.cache, {**self._transports, **(env or {})}))
        write(self._environment, text.encode(errors="surrogateescape"), 0o600)
        for _try in range(_TRIES):
            began = time.time()
            try:
                done = run_unchecked(self._systemd_run(argv, cwd, reads, network), timeout=_SECONDS)
            except DeployError as error:
                systemd.stop(self._layout.build_unit)
                raise DeployError(f"{' '.join(argv[:3])} …: {error}") from error
            if not is_lost(done):
                return transient_units.with_journal(done, self._layout.build_unit, began)
            systemd.stop(self._layout.build_unit)
        raise DeployError(last_lines(done))

    def _systemd_run(self, argv: Sequence[str], cwd: Path | None, reads: Sequence[Path], network: bool) -> list[str]:
        properties = [
            *self._lines,
            *([] if network else ["PrivateNetwork=yes"]),
            *(f"User={self.user}", f"Group={self.user}", "UMask=0022", f"SyslogIdentifier={self._layout.app}"),
            *(f"EnvironmentFile={self._environment}", f"WorkingDirectory={cwd or '/'}"),
            *(
                f"BindReadOnlyPaths={' '.join(map(str, (self.folder, *reads)))}",
                f"BindPaths={' '.join(map(str, (self.cache, *self._writable)))}",
            ),
            *(f"RuntimeMaxSec={2 * _SECONDS}", f"TimeoutStopSec={_ENDING}"),
        ]
        options = ("--pipe", "--wait", "--collect", "--service-type=exec")
        description = f"--description={self._layout.app}: builds an environment"
        return transient_units.command(self._layout.build_unit, argv, properties, *options, description)

    @contextmanager
    def writable(self, *trees: Path) -> Iterator[None]:
        """Allow programs to write these trees until the block ends; until then the build user owns them."""
        for tree in trees:
            self.hand_over(tree)
        self._writable += trees
        try:
            yield
        finally:
            self._writable = [tree for tree in self._writable if tree not in trees]
            for tree in trees:
                reclaim(tree)

    def hand_over(self, tree: Path) -> None:
        """Make the build user the owner of a tree; no program may run in it yet."""
        for path in _walk(tree):
            if not path.is_symlink():
                shutil.chown(path, self.user, self.user)

    @contextmanager
    def bounded_cache(self) -> Iterator[None]:
        """Remove what is too much in the cache when the block ends, if a program ran in it."""
        ran = self.ran
        try:
            yield
        finally:
            if self.ran > ran:
                bound_cache(self.cache)

    def unreachable(self, printed: str) -> str | None:
        return self._reach.unreachable(printed) if self._reach else None


def chain_commands(argv: Sequence[str], then: Sequence[str]) -> list[str]:
    """Return a command that runs another one, and if that succeeds a second one, whose exit status does not count."""
    return ["/bin/sh", "-c", f'"$@" && {{ {shlex.join(then)} || :; }}', "sh", *argv]


def is_lost(done: CompletedProcess[str]) -> bool:
    """Return whether the result of a program that ran as a unit is unknown, as after an upgrade of systemd.

    The exit status does not show it: systemd-run of 252 ends with 0 then.
    """
    return any(line.startswith(_LOST) for line in done.stderr.splitlines())


def stop_leftover_build(layout: Layout) -> None:
    """Stop a build that a killed run has left running; the application's lock must be held."""
    systemd.stop(layout.build_unit)


def build_environment(inherited: Mapping[str, str], home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program: inherited variables, such as the URL of a proxy, without those about root.

    Args:
        inherited: the environment of this process.
        home: the home of the program.
        variables: further variables.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith(_ABOUT_ROOT)}
    return {**kept, "PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": str(home), **variables}


def prepare_cache(cache: Path, user: str) -> None:
    """Create the cache that only the build user of an application writes; remove one that another user wrote."""
    cache.mkdir(parents=True, exist_ok=True)
    if cache.stat().st_uid != pwd.getpwnam(user).pw_uid:
        shutil.rmtree(cache)
        cache.mkdir()
        shutil.chown(cache, user, user)


def reclaim(tree: Path, owner: int = 0) -> None:
    """Make root the owner of a tree again, which keeps only folders, links and new copies of files.

    Files are copied, as a process that has the old file open could still write it. No program may run in the tree any
    more.

    Args:
        tree: a file or folder.
        owner: the number of the user and the group that own it then.
    """
    for path in _walk(tree):
        kind = path.lstat().st_mode
        if stat.S_ISREG(kind):
            _replace_by_copy(path, owner)
            continue
        if not (stat.S_ISDIR(kind) or stat.S_ISLNK(kind)):
            path.unlink()  # a program that opens a pipe waits for ever
            continue
        os.chown(path, owner, owner, follow_symlinks=False)
        if stat.S_ISDIR(kind):
            path.chmod(stat.S_IMODE(kind) & ~_BITS)
            for name in os.listxattr(path):  # an access list would let others in
                os.removexattr(path, name)


def _replace_by_copy(path: Path, owner: int) -> None:
    """Replace a file by a copy with the same times, by which Python recognizes what it has compiled.

    Root must own its folder already. Holes of the file stay holes in the copy.
    """
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    copy = path.with_name(
        f".{secrets.token_hex(16)}"
    )  # without the name of the file, which may be too long for a prefix
    try:
        status = os.fstat(source)
        target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _copy(source, target, status.st_size)
            os.fchown(target, owner, owner)
            os.fchmod(target, stat.S_IMODE(status.st_mode) & ~_BITS)
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(target)
        copy.replace(path)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    finally:
        os.close(source)


def _copy(source: int, target: int, size: int) -> None:
    """Copy the data of a file, and keep its holes."""
    os.ftruncate(target, size)
    offset = 0
    while offset < size:
        try:
            offset = os.lseek(source, offset, os.SEEK_DATA)
        except OSError:  # only a hole is left
            return
        end = os.lseek(source, offset, os.SEEK_HOLE)
        os.lseek(target, offset, os.SEEK_SET)
        while offset < end and (sent := os.sendfile(target, source, offset, end - offset)):
            offset += sent


def _walk(tree: Path) -> Iterator[Path]:
    """Yield a tree and everything in it; links are not followed.

    Raises:
        OSError: a folder cannot be listed, such as one whose path is too long.
    """
    yield tree
    for folder, folders, files in os.walk(tree, onerror=_raise):
        yield from (Path(folder, name) for name in (*folders, *files))


def _raise(error: OSError) -> None:
    raise error
