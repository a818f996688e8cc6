"""Installers that build virtual environments: uv, or pip where uv cannot be installed; and their interpreters."""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_errors import describe
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import ROOT_RUNNER, BuildRunner
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    DEFAULT_SOURCES,
    PackageSources,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_archive import COMPLETE, PythonArchive
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import PATH, run
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.locks import exclusive_lock
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CACHE, PROGRAMS, PYTHON

VENV_PACKAGE = "python3-venv"  # of Debian, for the first environment, that of uv
UV_VERSION = "0.13.9"
UV_HOME = Path(PROGRAMS) / f"uv-{UV_VERSION}"
# SHA-256 of its files on the index; a unit test compares them with requirements-dev.txt.
UV_HASHES = (
    "16963d19594e18d746a70c7fce82237bde4f2cac4cfcf0ca2b84796fe9d0c6e9",
    "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
    "3eeeb51a267a2144640fcd8f38d4a2f63439b39bc47445fd84727c3fc462c843",
    "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    "56ec37616c00220032fc7b8c9d0ef51367fd0d70d9cd6ddd841660f949f84fed",
    "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    "6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b",
    "6b0c7b9f47a5d011939d61e324d3fe18a8bc155d8dd53add738709a92f290a7c",
    "6d5114bba238adddacb32fb11904f2b3ff4e988f8e9ff0d8d3b5e9822cf836b8",
    "7ec1e1dd9b6cb335c301afdf877989df384227313981850755a59561f75e4ab8",
    "a2ee66fe8b6608e1482ab1bde5799da04705c1cb40324c7f66054ecf46ae6e40",
    "a6e845f387e4ed55bb59342957a9179e24a631fcc7668bda3426ae1cef8ed4b9",
    "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    "c5dbdb7c8737cd183a9dce95b39cfd1f3d54ec2a27a1bb58f160293f9ba2c805",
    "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    "db5c8df7145c21ffea9c0f74e38823bac3af60cbadf0e26b8633f08627b17bab",
    "dd6f4f93ddf8a668c73f0945f3638444b2140a4e15a3912067493fc6335543e4",
    "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    "eeb92051c2123b9730c46b04cc843cfa4bc7d7b0aec56df431a2215ef4cb0273",
)
# Debian's wheels. python3-venv would install pip from there into each environment, which takes longer than uv itself.
_PIP = Path("/usr/share/python-wheels")
_LOCK_SECONDS = 1800


@dataclass(frozen=True)
class Interpreter:
    """A Python on this host.

    Attributes:
        path: of its program.
        tag: what a virtual environment depends on.
        archive: where it comes from, if it is not the host's own.
    """

    path: str
    tag: str
    archive: PythonArchive | None = None

    @functools.cached_property
    def version(self) -> str:
        """Return its version, as in 3.13.5."""
        if self.archive:
            return self.archive.version  # it was run in the sandbox when it came
        return run([self.path, "-c", "import platform; print(platform.python_version())"]).strip().rstrip("+")

    @classmethod
    @functools.cache
    def at(cls, path: str) -> Interpreter:
        """Return the interpreter at a path."""
        if os.path.realpath(path) == os.path.realpath(sys.executable):
            tag = sys.implementation.cache_tag
        else:
            tag = run([path, "-c", "import sys; print(sys.implementation.cache_tag)"]).strip()
        return cls(path, f"{tag}-{platform.machine()}")

    @classmethod
    def requested(cls, python: str, archive: PythonArchive | None = None) -> Interpreter:
        """Return the interpreter that the option `python` requests: V(system), a version, or a path.

        Args:
            python: the option.
            archive: where a version comes from that this host does not have.

        Raises:
            DeployError: this host does not have it; names those that it has.
        """
        if python == "system":
            return cls.at(PYTHON)
        path = python if python.startswith("/") else shutil.which(f"python{python}", path=PATH)
        if path is None and archive:
            return cls(str(archive.program), archive.name, archive)
        if path is None or not os.access(path, os.X_OK):
            version = "" if python.startswith("/") else "; or write python_mirror, from which uv fetches that version"
            has = "; ".join(f'python: "{version}" is {program}' for version, program in interpreters().items())
            raise DeployError(
                f"python: found {python!r}, which this host does not have. It has {has or 'none'}; "
                f"write one of these or python: system, or install it on the host before{version}"
            )
        interpreter = cls.at(path)
        # Two builds of one version are two interpreters.
        is_system = os.path.realpath(path) == os.path.realpath(PYTHON)
        return interpreter if is_system else cls(path, f"{interpreter.tag}-{path}")


def interpreters(path: str = PATH) -> dict[str, str]:
    """Return the paths of the Pythons on this host, by version."""
    programs: dict[str, str] = {}
    for folder in path.split(":"):
        for file in sorted(Path(folder).glob("python3.*")):
            if (version := re.fullmatch(r"python(3\.\d+)", file.name)) and os.access(file, os.X_OK):
                programs.setdefault(version[1], str(file))
    return dict(sorted(programs.items(), key=lambda item: int(item[0].partition(".")[2])))


class Installer:
    """An installer: :class:`Uv` or :class:`Pip`.

    Attributes:
        name: of its program.
        sources: where distributions come from.
        runner: runs its programs.
    """

    name: str

    def __init__(self, sources: PackageSources = DEFAULT_SOURCES, runner: BuildRunner = ROOT_RUNNER) -> None:
        self.sources = sources
        self.runner = runner

    def create(self, path: Path, interpreter: Interpreter) -> None:
        """Create an empty virtual environment."""
        raise NotImplementedError

    def install(
        self, venv: Path, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Install distributions into a virtual environment; `env` has further variables of their builds.

        Raises:
            DeployError: that failed; ends with what the installer printed, without secrets.
        """
        raise NotImplementedError

    def lock(self, tree: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> str:
        """Return the requirements in a tree's uv.lock as text.

        Args:
            tree: the folder of uv.lock.
            extras: optional dependencies that are requested.
            groups: dependency groups that are requested.
        """
        raise NotImplementedError

    def conflicts(self, venv: Path) -> str:
        """Return what the installer prints about distributions that contradict each other; empty if none do."""
        raise NotImplementedError

    def _run(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> str:
        """Run a program that may run code of packages or read files of other users; return its output."""
        result = self.runner.run_unchecked(argv, env, cwd)
        if result.returncode:
            unreachable = self.runner.unreachable(f"{result.stdout}\n{result.stderr}")
            lines = [self._output(argv, result), *([unreachable] if unreachable else [])]
            raise DeployError("the virtual environment could not be built:\n" + "\n".join(lines))
        return result.stdout

    def _failure(self, argv: Sequence[str], env: Mapping[str, str]) -> str:
        """Run such a program; return what it prints if it fails, and an empty text if not."""
        result = self.runner.run_unchecked(argv, env)
        return self._output(argv, result) if result.returncode else ""

    def _output(self, argv: Sequence[str], result: CompletedProcess[str]) -> str:
        printed = result.stderr.strip() or result.stdout.strip()
        return describe(self.sources.masked(printed)) or f"{argv[0]} ended with status {result.returncode}"


class Uv(Installer):
    name = "uv"

    def __init__(
        self,
        sources: PackageSources = DEFAULT_SOURCES,
        runner: BuildRunner = ROOT_RUNNER,
        program: str = str(UV_HOME / "bin" / "uv"),
    ) -> None:
        super().__init__(sources, runner)
        self.program = program
        self.env = {
            "UV_CACHE_DIR": str(runner.cache / "uv"),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "UV_SYSTEM_CERTS": "1",
            **runner.settings,
            **sources.uv,
        }

    @staticmethod
    def ensure(sources: PackageSources = DEFAULT_SOURCES) -> bool:
        """Install uv if it is missing; return whether it was.

        Raises:
            DeployError: it cannot be installed.
        """
        if (UV_HOME / COMPLETE).exists():
            return False
        if sources.wheels and not any(sources.wheels.glob(f"uv-{UV_VERSION}-*.whl")):
            raise DeployError(f"uv is not on this host, and the wheelhouse holds no wheel of uv=={UV_VERSION}")
        with exclusive_build(UV_HOME), tempfile.TemporaryDirectory(prefix="asgi-") as folder:
            if (UV_HOME / COMPLETE).exists():  # another run held the lock
                return True
            shutil.rmtree(UV_HOME, ignore_errors=True)
            pip = next(_PIP.glob("pip-*.whl"), None)
            run([PYTHON, "-m", "venv", *(["--without-pip"] if pip else []), str(UV_HOME)])
            file = Path(folder, "uv.txt")
            file.write_text(uv_requirement(), encoding="utf-8")
            arguments = ("--quiet", "--require-hashes", "--only-binary=:all:", "-r", str(file))
            Pip(sources, wheel=pip).install(UV_HOME, *arguments)
            mark_complete(UV_HOME, "")
        return True

    def create(self, path: Path, interpreter: Interpreter) -> None:
        # This runs as root, and so uses root's cache.
        env = {**self.env, "UV_CACHE_DIR": str(ROOT_RUNNER.cache / "uv")}
        run([self.program, "venv", "--quiet", "--python", interpreter.path, str(path)], env)

    def install(
        self, venv: Path, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        argv = [
            self.program,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(venv / "bin" / "python"),
        ]
        self._run([*argv, *self.sources.arguments, *arguments], {**self.env, **(env or {})}, cwd)

    def lock(self, tree: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> str:
        argv = [
            self.program,
            "export",
            "--quiet",
            "--frozen",
            "--no-dev",
            "--no-emit-project",
            "--no-editable",
            "--no-header",
            "--no-annotate",
        ]
        argv += [*(f"--extra={extra}" for extra in extras), *(f"--group={group}" for group in groups)]
        return self._run([*argv, "--project", str(tree)], self.env, tree)

    def conflicts(self, venv: Path) -> str:
        return self._failure([self.program, "pip", "check", "--python", str(venv / "bin" / "python")], self.env)


class Pip(Installer):
    """pip of the environment itself, or pip from its own wheel."""

    name = "pip"

    def __init__(
        self, sources: PackageSources = DEFAULT_SOURCES, runner: BuildRunner = ROOT_RUNNER, wheel: Path | None = None
    ) -> None:
        super().__init__(sources, runner)
        self.env = {
            "PIP_CACHE_DIR": str(runner.cache / "pip"),
            **({"PYTHONPATH": str(wheel)} if wheel else {}),
            **sources.pip,
        }

    def create(self, path: Path, interpreter: Interpreter) -> None:
        run([interpreter.path, "-m", "venv", str(path)])

    def install(
        self, venv: Path, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        argv = self._pip(venv, "install", "--quiet", *self.sources.arguments, *arguments)
        self._run(argv, {**self.env, **(env or {})}, cwd)

    def lock(self, tree: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> str:
        raise DeployError(
            "uv.lock of the application needs uv to be read; write installer: uv, or add a requirements.txt"
        )

    def conflicts(self, venv: Path) -> str:
        return self._failure(self._pip(venv, "check"), self.env)

    @staticmethod
    def _pip(venv: Path, *arguments: str) -> list[str]:
        return [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]


def installer_for(
    choice: str, sources: PackageSources = DEFAULT_SOURCES, runner: BuildRunner = ROOT_RUNNER
) -> Installer:
    """Return the installer for ``auto``, ``uv`` or ``pip``; ``auto`` is pip where uv cannot be installed."""
    Path(CACHE).mkdir(parents=True, exist_ok=True)
    Path(CACHE).chmod(0o700)  # it contains what applications built from their own code
    if choice == "pip":
        return Pip(sources, runner)
    try:
        Uv.ensure(sources)
    except DeployError:
        if choice == "uv":
            raise
        return Pip(sources, runner)
    return Uv(sources, runner)


def mark_complete(venv: Path, mark: str) -> None:
    """Record that a virtual environment is complete, and what it was made from."""
    (venv / COMPLETE).unlink(missing_ok=True)  # a package may have put something there
    os.sync()  # after a power cut the record must not be there without the files
    (venv / COMPLETE).write_text(mark, encoding="utf-8")


def uv_requirement() -> str:
    """Return uv as a line of requirements, with the hashes of its files."""
    return " ".join([f"uv=={UV_VERSION}", *(f"--hash=sha256:{digest}" for digest in UV_HASHES)]) + "\n"


def exclusive_build(tool: Path) -> AbstractContextManager[None]:
    """Return the lock of a tool, which all applications of a host share, so that one run at a time builds it."""
    return exclusive_lock(Path("/run", f"asgi-{tool.name}.lock"), _LOCK_SECONDS)
