"""Where virtual environments are built: what others wrote runs as a user of its own, in a sandbox.

A package without a wheel is built by code of its own, and so is an application that says how. Here that reaches less
than when the application serves. Before anybody uses what it leaves, root owns it again and it is made harmless.
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
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import build_folder
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd, transient_units, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CACHE, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import environment_file

_SECONDS = 1800  # that one program may take
_TRIES = 3  # of a program that systemd forgot
_LOST = ("Failed to start transient service unit:", "Failed to query unit state")  # as systemd-run says
_ENDING = 5  # seconds that it has to end, once it is told to
# Of our own environment, what is about root: its home, its session, what it was before sudo.
_ROOTS_OWN = ("HOME", "LOGNAME", "MAIL", "OLDPWD", "PWD", "SHELL", "SUDO_", "TMPDIR", "USER", "XDG_")
_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH


class BuildRunner:
    """Where programs run that build environments: as root, which is for what we have pinned by its hash."""

    cache = Path(CACHE)
    settings: ClassVar[Mapping[str, str]] = {}  # of uv
    folder: Path | None = None  # for files that they are to read

    def attempt(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        reads: Sequence[Path] = (),
    ) -> CompletedProcess[str]:
        """Run a program to its end, which may read these paths besides; see :func:`commands.attempt`."""
        return run_unchecked(argv, env, str(cwd) if cwd else None, timeout=_SECONDS)

    @contextmanager
    def lent(self, *_trees: Path) -> Iterator[None]:
        """Let programs write these trees until the block ends."""
        yield

    def missed(self, _printed: str) -> str | None:
        """Return what to say of a program that failed, where that is for something it cannot reach here."""
        return None


ROOT_RUNNER = BuildRunner()


class SandboxedRunner(BuildRunner):
    """The place of one application, while its lock is held."""

    # A second name of a file in the cache would be whose the cache is.
    settings: ClassVar[Mapping[str, str]] = {"UV_LINK_MODE": "copy"}

    def __init__(
        self, layout: Layout, lines: Sequence[str], hosts: Sequence[str] | None = None, insecure: bool = False
    ) -> None:
        """
        Args:
            layout: of the application.
            lines: of a unit's section Service: what programs may do and see here.
            hosts: the only ones that they reach, besides proxies; all are reached without.
            insecure: whether git, as installers run it, may use a plain transport.
        """
        self._transports = {} if insecure else {"GIT_ALLOW_PROTOCOL": "file:https:ssh"}
        self._layout = layout
        self._reach = None if hosts is None else resolve_reachable(hosts, os.environ)
        self.user = user = users.ensure_build_user(layout)
        self._lent: list[Path] = []
        self.ran = 0  # how many programs
        self.cache = Path(layout.packages)
        self.folder = folder = build_folder(layout.app)
        self._environment = folder / "environment"
        self._lines = [*lines, *(self._reach.properties(folder) if self._reach else [])]
        prepare_cache(self.cache, user)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, group=user)
            path.chmod(0o750 if path.is_dir() else 0o640)

    def attempt(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        reads: Sequence[Path] = (),
    ) -> CompletedProcess[str]:
        self.ran += 1
        # By a file, as the properties of a unit are for everybody to read.
        text = environment_file(build_environment(os.environ, self.cache, {**self._transports, **(env or {})}))
        write(self._environment, text.encode(errors="surrogateescape"), 0o600)
        for _try in range(_TRIES):
            began = time.time()
            try:
                done = run_unchecked(self._systemd_run(argv, cwd, reads), timeout=_SECONDS)
            except DeployError as error:
                systemd.stop(self._layout.build_unit)
                raise DeployError(f"{' '.join(argv[:3])} …: {error}") from error
            if not is_lost(done):
                return transient_units.with_journal(done, self._layout.build_unit, began)
            systemd.stop(self._layout.build_unit)
        raise DeployError(last_lines(done))

    def _systemd_run(self, argv: Sequence[str], cwd: Path | None, reads: Sequence[Path]) -> list[str]:
        properties = [
            *self._lines,
            *(f"User={self.user}", f"Group={self.user}", "UMask=0022", f"SyslogIdentifier={self._layout.app}"),
            *(f"EnvironmentFile={self._environment}", f"WorkingDirectory={cwd or '/'}"),
            *(
                f"BindReadOnlyPaths={' '.join(map(str, (self.folder, *reads)))}",
                f"BindPaths={' '.join(map(str, (self.cache, *self._lent)))}",
            ),
            *(f"RuntimeMaxSec={2 * _SECONDS}", f"TimeoutStopSec={_ENDING}"),
        ]
        options = ("--pipe", "--wait", "--collect", "--service-type=exec")
        description = f"--description={self._layout.app}: builds an environment"
        return transient_units.command(self._layout.build_unit, argv, properties, *options, description)

    @contextmanager
    def lent(self, *trees: Path) -> Iterator[None]:
        """Let programs write these trees until the block ends; until then the build user owns them."""
        for tree in trees:
            _hand_over(tree, self.user)
        self._lent += trees
        try:
            yield
        finally:
            self._lent = [tree for tree in self._lent if tree not in trees]
            for tree in trees:
                reclaim(tree)

    def missed(self, printed: str) -> str | None:
        return self._reach.missed(printed) if self._reach else None


def chain_commands(argv: Sequence[str], then: Sequence[str]) -> list[str]:
    """Return a program that runs one, and where that ends well another one, whose end does not count."""
    return ["/bin/sh", "-c", f'"$@" && {{ {shlex.join(then)} || :; }}', "sh", *argv]


def is_lost(done: CompletedProcess[str]) -> bool:
    """Whether nobody knows what became of a program that ran as a unit, as when systemd was upgraded meanwhile.

    The status is of no help: systemd-run of 252 ends with 0 then.
    """
    return any(line.startswith(_LOST) for line in done.stderr.splitlines())


def stop_leftover_build(layout: Layout) -> None:
    """Ends what a run that was killed has left at work; the application's lock is held."""
    systemd.stop(layout.build_unit)


def build_environment(ours: Mapping[str, str], home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: ours, such as the way to a proxy, without what is about root."""
    kept = {name: value for name, value in ours.items() if not name.startswith(_ROOTS_OWN)}
    return {**kept, "PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": str(home), **given}


def prepare_cache(cache: Path, user: str) -> None:
    """Make the cache that only the build user of an application writes; remove one that others have written."""
    cache.mkdir(parents=True, exist_ok=True)
    if cache.stat().st_uid != pwd.getpwnam(user).pw_uid:
        shutil.rmtree(cache)
        cache.mkdir()
        shutil.chown(cache, user, user)


def _hand_over(tree: Path, user: str) -> None:
    for path in _walk(tree):
        if not path.is_symlink():
            shutil.chown(path, user, user)


def reclaim(tree: Path, owner: int = 0) -> None:
    """Make root the owner of a tree again. Only folders, links and new copies of files remain; only root writes them.

    A copy, as a process that has the old file open could go on writing it. No program may run in the tree any more.
    """
    for path in _walk(tree):
        kind = path.lstat().st_mode
        if stat.S_ISREG(kind):
            _replace_by_copy(path, owner)
            continue
        if not (stat.S_ISDIR(kind) or stat.S_ISLNK(kind)):
            path.unlink()  # whoever opens a pipe waits for ever
            continue
        os.chown(path, owner, owner, follow_symlinks=False)
        if stat.S_ISDIR(kind):
            path.chmod(stat.S_IMODE(kind) & ~_BITS)
            for name in os.listxattr(path):  # an access list would let others in
                os.removexattr(path, name)


def _replace_by_copy(path: Path, owner: int) -> None:
    """Put a copy in the place of a file, with its times, by which Python knows what it has compiled.

    Its folder is root's already. What of it has no blocks on disk gets none in the copy.
    """
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    copy = path.with_name(f".{secrets.token_hex(16)}")  # no name is too long: what path has is not in it
    try:
        found = os.fstat(source)
        target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _copy(source, target, found.st_size)
            os.fchown(target, owner, owner)
            os.fchmod(target, stat.S_IMODE(found.st_mode) & ~_BITS)
            os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
        finally:
            os.close(target)
        copy.replace(path)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    finally:
        os.close(source)


def _copy(source: int, target: int, size: int) -> None:
    """Copy what a file holds, and leave its holes."""
    os.ftruncate(target, size)
    place = 0
    while place < size:
        try:
            place = os.lseek(source, place, os.SEEK_DATA)
        except OSError:  # only a hole is left
            return
        end = os.lseek(source, place, os.SEEK_HOLE)
        os.lseek(target, place, os.SEEK_SET)
        while place < end and (sent := os.sendfile(target, source, place, end - place)):
            place += sent


def _walk(tree: Path) -> Iterator[Path]:
    """Yield a tree, and all that is in it; links are not followed.

    Raises:
        OSError: a folder cannot be listed, as one whose path is too long.
    """
    yield tree
    for folder, folders, files in os.walk(tree, onerror=_raise):
        yield from (Path(folder, name) for name in (*folders, *files))


def _raise(error: OSError) -> None:
    raise error
