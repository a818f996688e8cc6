"""The fetch of an interpreter from a mirror: as the user of the build, verified, and unpacked by uv."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import BuildRunner
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Uv, mark_complete
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_archive import (
    PythonArchive,
    exclusive_pythons,
    hold,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHON, PYTHONS, Layout

SECONDS = 900  # that a fetch may take
MOST = 2**29  # bytes of an archive
_LAST = 1000  # characters of what a program printed
# It runs as the user of the build: nothing that a mirror answers is read by root before it is verified.
_FETCH = """\
import signal, sys, urllib.request
url, path, seconds, most = sys.argv[1:]
def late(*_):
    sys.exit(f"it took longer than {seconds} s")
signal.signal(signal.SIGALRM, late)
signal.alarm(int(seconds))
size = 0
try:
    with urllib.request.build_opener().open(url, timeout=60) as answer, open(path, "wb") as file:
        while block := answer.read(1 << 20):
            size += len(block)
            if size > int(most):
                sys.exit(f"it has more than {most} bytes")
            file.write(block)
        length = answer.headers.get("Content-Length")
    if length and size != int(length):
        sys.exit(f"it ended after {size} of {length} bytes")
except (OSError, ValueError) as error:
    sys.exit(str(error))
"""


class _Machine(TypedDict):
    """A machine, as uv's list of interpreters has it."""

    family: str
    variant: str | None


class _Download(TypedDict):
    """A line of uv's list of interpreters."""

    name: str
    arch: _Machine
    os: str
    libc: str
    major: int
    minor: int
    patch: int
    prerelease: str
    url: str
    sha256: str
    variant: str | None
    build: str | None


def ensure_python(layout: Layout, archive: PythonArchive, uv: Uv) -> None:
    """Fetch an interpreter, unless another release has done so; hold it for the application, whose lock must be held.

    The user of the build fetches and unpacks it, in the sandbox of builds. In between root compares its checksum; after
    that root owns it.

    Args:
        layout: of the application.
        archive: the interpreter.
        uv: unpacks it; its runner runs programs in the sandbox.

    Raises:
        DeployError: it cannot be fetched, is another one, or does not run here; nothing of it stays.
    """
    with exclusive_pythons():
        hold(layout, archive)
        if archive.complete:
            return
        Path(PYTHONS).mkdir(parents=True, exist_ok=True)
        Path(PYTHONS).chmod(0o755)
        shutil.rmtree(archive.folder, ignore_errors=True)
        try:
            with tempfile.TemporaryDirectory(prefix=".", dir=PYTHONS) as folder:
                Path(folder).chmod(0o755)
                _unpack(archive, _fetch(archive, Path(folder), uv.runner), uv)
            mark_complete(archive.folder, "")
        except BaseException:
            shutil.rmtree(archive.folder, ignore_errors=True)
            raise


def _fetch(archive: PythonArchive, folder: Path, runner: BuildRunner) -> Path:
    """Return the archive, which root owns then, and whose checksum is right."""
    inner = folder / "fetched"
    inner.mkdir()
    path = inner / "python.tar.gz"
    with runner.writable(inner):
        fetch = [PYTHON, "-I", "-c", _FETCH, archive.url, str(path), str(SECONDS), str(MOST)]
        done = runner.run_unchecked(fetch)
    if done.returncode or not path.is_file() or path.is_symlink():
        unreachable = runner.unreachable(f"{done.stdout}\n{done.stderr}")
        printed = done.stderr.strip()[-_LAST:] or f"the program ended with status {done.returncode}"
        lines = [f"python_mirror: {archive.url} cannot be fetched from this host: {printed}"]
        raise DeployError("\n".join([*lines, *([unreachable] if unreachable else [])]))
    checksum = file_digest(path)
    if checksum != archive.sha256:
        raise DeployError(
            f"python_mirror: {archive.url} has the checksum {checksum}, expected {archive.sha256}; nothing of it was "
            "unpacked. Repair the mirror, or write archives with its checksum if you want that one"
        )
    path.chmod(0o644)
    return path


def _unpack(archive: PythonArchive, path: Path, uv: Uv) -> None:
    """Unpack an archive by uv, in its final place, and check that it runs there."""
    listed = path.with_name("list.json")
    listed.write_text(json.dumps({archive.key: download(archive, path)}), encoding="utf-8")
    listed.chmod(0o644)
    archive.folder.mkdir()
    archive.folder.chmod(0o755)
    runner = uv.runner
    options = ["--no-bin", "--compile-bytecode", "--install-dir", str(archive.folder)]
    argv = [uv.program, "python", "install", "--quiet", *options, "--python-downloads-json-url", str(listed)]
    with runner.writable(archive.folder):
        _run([*argv, archive.key], {**uv.env, "UV_PYTHON_DOWNLOADS": "manual"}, runner, archive)
        shown = _run([str(archive.program), "-I", "-c", _VERSION], {}, runner, archive)
    if shown.strip() != archive.version:
        raise DeployError(
            f"python_mirror: {archive.url} holds Python {shown.strip()[:20]!r}, expected {archive.version}; nothing of "
            "it stays. Write the archive of that version"
        )
    for file in (archive.folder, *archive.folder.rglob("*")):
        if not file.is_symlink():  # everyone may read and run it, and only root write it
            mode = file.stat().st_mode & 0o777
            file.chmod((mode | 0o444 | (0o111 if file.is_dir() or mode & 0o100 else 0)) & ~0o022)


_VERSION = "import platform; print(platform.python_version().rstrip('+'))"


def _run(argv: Sequence[str], env: Mapping[str, str], runner: BuildRunner, archive: PythonArchive) -> str:
    """Run a program in the sandbox, without the network; return its output."""
    done = runner.run_unchecked(argv, env, network=False)
    if done.returncode:
        printed = done.stderr.strip()[-_LAST:] or f"status {done.returncode}"
        raise DeployError(f"python_mirror: {archive.url} cannot be used on this host:\n{printed}")
    return done.stdout


def download(archive: PythonArchive, path: Path) -> _Download:
    """Return a line of uv's list of interpreters for an archive that lies at a path; uv compares its checksum too."""
    major, minor, patch = map(int, archive.version.split("."))
    return {
        "name": "cpython",
        "arch": {"family": archive.machine, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": "",
        "url": path.as_uri(),
        "sha256": archive.sha256,
        "variant": None,
        "build": None,
    }
