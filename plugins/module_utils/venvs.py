"""Virtual environments: built by uv, or by pip where uv cannot be had."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt, last_lines, run
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.identity import digest, installable, normalised
from ansible_collections.asgi.deploy.plugins.module_utils.layout import CACHE

PYTHON = "/usr/bin/python3"
UV_VERSION = "0.13.9"
UV_HOME = Path("/opt/asgi") / f"uv-{UV_VERSION}"

_COMPLETE = ".complete"
_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)", re.MULTILINE)
_EDITABLE = re.compile(r"(?:-e|--editable)\b")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")


@dataclass(frozen=True)
class Interpreter:
    """A Python on this host; its tag is what a virtual environment depends on."""

    path: str
    tag: str

    @classmethod
    def at(cls, path: str) -> Interpreter:
        code = "import sys; print(sys.implementation.cache_tag)"
        return cls(path, f"{run([path, '-c', code]).strip()}-{platform.machine()}")


@dataclass(frozen=True)
class Requirements:
    """What an application needs: the file it was found in, its text, and whether that points into the tree."""

    source: str
    text: str
    local: bool


def included(tree: Path, name: str, seen: set[Path] | None = None) -> str:
    """The text of a requirements file and of all that it includes, to know when any of them changes."""
    seen = set() if seen is None else seen
    path = (tree / name).resolve()
    if path in seen or not path.is_relative_to(tree.resolve()) or not path.is_file():
        return ""
    seen.add(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DeployError(f"{name} of the application is not UTF-8 text: {error}") from error
    inner = (
        included(tree, str(path.parent.relative_to(tree.resolve()) / file), seen) for file in _INCLUDE.findall(text)
    )
    return text + "".join(inner)


def points_into_tree(text: str) -> bool:
    """Whether requirements name files beside them, so that the same text may stand for other things in another tree."""
    for line in map(str.strip, text.splitlines()):
        target = line.split("#", 1)[0].split(";", 1)[0].split(" --", 1)[0].strip()
        if _EDITABLE.match(line) or "file:" in target:
            return True
        if target.startswith(("-", "#")) or "://" in target:
            continue
        if target.startswith(".") or "/" in target or target.endswith(_ARCHIVES):
            return True
    return False


def project(tree: Path) -> dict[str, object]:
    """The tables of a tree's pyproject.toml; empty where there is none."""
    file = tree / "pyproject.toml"
    if not file.exists():
        return {}
    import tomllib  # Python 3.11; imported here so that hosts with an older one can use requirements.txt

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # not TOML, or not UTF-8
        raise DeployError(f"pyproject.toml of the application cannot be read: {error}") from error


def is_package(tree: Path) -> bool:
    """Whether the application is itself to be installed: it says how it is built."""
    return "build-system" in project(tree)


class Installer:
    """What builds virtual environments; one of :class:`Uv` and :class:`Pip`."""

    name: str

    def create(self, path: Path, interpreter: Interpreter) -> None:
        raise NotImplementedError

    def install(self, venv: Path, *arguments: str, cwd: Path | None = None) -> None:
        raise NotImplementedError

    def lock(self, tree: Path) -> str:
        """The text of requirements that a tree's uv.lock stands for."""
        raise NotImplementedError


class Uv(Installer):
    name = "uv"

    def __init__(self) -> None:
        self.program = str(UV_HOME / "bin" / "uv")
        self.env = {
            "UV_CACHE_DIR": str(CACHE / "uv"),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "UV_SYSTEM_CERTS": "1",
        }

    @staticmethod
    def ensure() -> bool:
        """Installs uv for ourselves; gives whether there was something to do."""
        if (UV_HOME / _COMPLETE).exists():
            return False
        shutil.rmtree(UV_HOME, ignore_errors=True)
        run([PYTHON, "-m", "venv", str(UV_HOME)])
        _pip(UV_HOME, "install", "--quiet", f"uv=={UV_VERSION}")
        (UV_HOME / _COMPLETE).touch()
        return True

    def create(self, path: Path, interpreter: Interpreter) -> None:
        run([self.program, "venv", "--quiet", "--python", interpreter.path, str(path)], self.env)

    def install(self, venv: Path, *arguments: str, cwd: Path | None = None) -> None:
        argv = [
            self.program,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(venv / "bin" / "python"),
        ]
        _explained([*argv, *arguments], self.env, cwd)

    def lock(self, tree: Path) -> str:
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
        return run([*argv, "--project", str(tree)], self.env, cwd=str(tree))


class Pip(Installer):
    name = "pip"

    def create(self, path: Path, interpreter: Interpreter) -> None:
        run([interpreter.path, "-m", "venv", str(path)])

    def install(self, venv: Path, *arguments: str, cwd: Path | None = None) -> None:
        _pip(venv, "install", "--quiet", *arguments, cwd=cwd)

    def lock(self, tree: Path) -> str:
        raise DeployError(
            "uv.lock of the application needs uv to be read; write installer: uv, or add a requirements.txt"
        )


def installer_for(choice: str) -> Installer:
    """The installer for a choice of ``auto``, ``uv`` or ``pip``; ``auto`` takes pip where uv cannot be installed."""
    Path(CACHE).mkdir(parents=True, exist_ok=True)
    Path(CACHE).chmod(0o700)  # it holds what an application built from its own code
    if choice == "pip":
        return Pip()
    try:
        Uv.ensure()
    except DeployError:
        if choice == "uv":
            raise
        return Pip()
    return Uv()


def requirements_of(tree: Path, installer: Installer, where: str) -> Requirements:
    """What the application in `tree` needs, from the first of uv.lock, requirements.txt and pyproject.toml.

    Raises:
        DeployError: there is none of them, or it cannot be read.
    """
    if (tree / "uv.lock").exists():
        text = installer.lock(tree)
        return Requirements("uv.lock", text, points_into_tree(text))
    if (tree / "requirements.txt").exists():
        text = included(tree, "requirements.txt")
        return Requirements("requirements.txt", text, points_into_tree(text))
    table = project(tree).get("project")
    if isinstance(table, dict):
        if "dependencies" in table.get("dynamic", []):
            raise DeployError(
                f"{where} has a pyproject.toml with dynamic dependencies, which only a build can tell; "
                "add a uv.lock or a requirements.txt"
            )
        return Requirements("pyproject.toml", "".join(f"{item}\n" for item in table.get("dependencies", [])), False)
    raise DeployError(
        f"{where} holds no uv.lock, requirements.txt or pyproject.toml with a [project] table at its top; "
        "add one that lists what the application needs, fastapi for example"
    )


def complete(venv: Path, mark: str = "") -> bool:
    """Whether a virtual environment was built to its end, from what `mark` stands for."""
    try:
        return (venv / _COMPLETE).read_text(encoding="utf-8") == mark
    except OSError:
        return False


def build(
    venv: Path,
    installer: Installer,
    interpreter: Interpreter,
    requirements: Requirements,
    tree: Path,
    server: Iterable[str] = (),
    mark: str = "",
) -> None:
    """Builds a virtual environment in its final place; one that was not finished is begun anew."""
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    installer.create(venv, interpreter)
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        file = Path(folder, "requirements.txt")
        file.write_text(requirements.text, encoding="utf-8")
        # A requirements.txt of the application stays where it is, so that what it includes is found beside it.
        given = tree / "requirements.txt" if requirements.source == "requirements.txt" else file
        installer.install(venv, "-r", str(given), cwd=tree)
        installed = distributions(venv)
        if missing := installable(server, installed):
            keep = Path(folder, "keep.txt")
            keep.write_text("".join(f"{name}=={version}\n" for name, version in installed.items()), encoding="utf-8")
            installer.install(venv, "--constraint", str(keep), *missing, cwd=Path(folder))
    os.sync()  # what says that all is there must not outlive, in a power cut, what it speaks of
    (venv / _COMPLETE).write_text(mark, encoding="utf-8")


def tool_mark(requirements: str) -> str:
    """What a tool's virtual environment depends on: its requirements and this host's Python."""
    return digest({"requirements": requirements, "interpreter": Interpreter.at(PYTHON).tag})


def build_tool(path: Path, requirements: str, choice: str) -> None:
    """Builds the virtual environment of a program of ours, such as certbot."""
    installer = installer_for(choice)
    needed = Requirements("text", requirements, local=False)
    build(path, installer, Interpreter.at(PYTHON), needed, path.parent, mark=tool_mark(requirements))


def build_package(tree: Path, target: Path, installer: Installer, venv: Path) -> None:
    """Installs the application itself, without what it needs, into a directory of its release."""
    installer.install(venv, "--no-deps", "--target", str(target), str(tree), cwd=tree)


def distributions(venv: Path) -> Mapping[str, str]:
    """What is installed in a virtual environment: normalised names and versions, found without running any of it."""
    folders = [str(folder) for folder in venv.glob("lib/python*/site-packages")]
    return {normalised(one.metadata["Name"]): one.version for one in metadata.distributions(path=folders)}


def remove(venv: Path) -> None:
    """Removes a virtual environment; what says that it is complete goes first."""
    (venv / _COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(venv)


def _pip(venv: Path, *arguments: str, cwd: Path | None = None) -> None:
    argv = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    _explained(argv, {"PIP_CACHE_DIR": str(CACHE / "pip")}, cwd)


def _explained(argv: Sequence[str], env: Mapping[str, str], cwd: Path | None) -> None:
    result = attempt(argv, env, str(cwd) if cwd else None, timeout=1800)
    if result.returncode:
        raise DeployError(f"the virtual environment could not be built:\n{last_lines(result)}")
