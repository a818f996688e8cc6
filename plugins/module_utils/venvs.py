"""Virtual environments: built by uv, or by pip where uv cannot be had."""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.commands import PATH, attempt, last_lines, run
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.hashes import hashed, unhashed, without
from ansible_collections.asgi.deploy.plugins.module_utils.identity import digest, installable, normalised
from ansible_collections.asgi.deploy.plugins.module_utils.layout import CACHE
from ansible_collections.asgi.deploy.plugins.module_utils.locks import alone
from ansible_collections.asgi.deploy.plugins.module_utils.supplies import NONE, Supplies

PYTHON = "/usr/bin/python3"
UV_VERSION = "0.13.9"
UV_HOME = Path("/opt/asgi") / f"uv-{UV_VERSION}"
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

_COMPLETE = ".complete"
_LOCK_SECONDS = 1800
_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)", re.MULTILINE)
_EDITABLE = re.compile(r"(?:-e|--editable)\b")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")


@dataclass(frozen=True)
class Interpreter:
    """A Python on this host; its tag is what a virtual environment depends on."""

    path: str
    tag: str

    @classmethod
    @functools.cache
    def at(cls, path: str) -> Interpreter:
        code = "import sys; print(sys.implementation.cache_tag)"
        return cls(path, f"{run([path, '-c', code]).strip()}-{platform.machine()}")

    @classmethod
    def wanted(cls, python: str) -> Interpreter:
        """The one that the option `python` asks for: V(system), a version, or a path.

        Raises:
            DeployError: this host does not have it; names those that it has.
        """
        if python == "system":
            return cls.at(PYTHON)
        path = python if python.startswith("/") else shutil.which(f"python{python}", path=PATH)
        if path is None or not os.access(path, os.X_OK):
            has = "; ".join(f'python: "{version}" is {found}' for version, found in interpreters().items())
            raise DeployError(
                f"python: found {python!r}, which this host does not have. It has {has or 'none'}; "
                "write one of these or python: system, or install it on the host before"
            )
        found = cls.at(path)
        # Two builds of one version are two interpreters.
        return found if os.path.realpath(path) == os.path.realpath(PYTHON) else cls(path, f"{found.tag}-{path}")


def interpreters(path: str = PATH) -> dict[str, str]:
    """The Pythons on this host, by version: where each is."""
    found: dict[str, str] = {}
    for folder in path.split(":"):
        for file in sorted(Path(folder).glob("python3.*")):
            if (version := re.fullmatch(r"python(3\.\d+)", file.name)) and os.access(file, os.X_OK):
                found.setdefault(version[1], str(file))
    return dict(sorted(found.items(), key=lambda item: int(item[0].partition(".")[2])))


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

    def __init__(self, supplies: Supplies = NONE) -> None:
        self.supplies = supplies

    def create(self, path: Path, interpreter: Interpreter) -> None:
        raise NotImplementedError

    def install(self, venv: Path, *arguments: str, cwd: Path | None = None) -> None:
        raise NotImplementedError

    def lock(self, tree: Path, extras: Sequence[str] = ()) -> str:
        """The text of requirements that a tree's uv.lock stands for."""
        raise NotImplementedError

    def check(self, venv: Path) -> None:
        """Raises DeployError when what is installed does not go together."""
        raise NotImplementedError


class Uv(Installer):
    name = "uv"

    def __init__(self, supplies: Supplies = NONE, program: str = str(UV_HOME / "bin" / "uv")) -> None:
        super().__init__(supplies)
        self.program = program
        self.env = {
            "UV_CACHE_DIR": str(CACHE / "uv"),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "UV_SYSTEM_CERTS": "1",
            **supplies.uv,
        }

    @staticmethod
    def ensure(supplies: Supplies = NONE) -> bool:
        """Installs uv for ourselves; gives whether there was something to do."""
        if (UV_HOME / _COMPLETE).exists():
            return False
        if supplies.wheels and not any(supplies.wheels.glob(f"uv-{UV_VERSION}-*.whl")):
            raise DeployError(f"uv is not on this host, and the wheelhouse holds no wheel of uv=={UV_VERSION}")
        with alone(_lock(UV_HOME), _LOCK_SECONDS), tempfile.TemporaryDirectory(prefix="asgi-") as folder:
            if (UV_HOME / _COMPLETE).exists():  # by whoever held the lock
                return True
            shutil.rmtree(UV_HOME, ignore_errors=True)
            run([PYTHON, "-m", "venv", str(UV_HOME)])
            file = Path(folder, "uv.txt")
            file.write_text(uv_requirement(), encoding="utf-8")
            _pip(supplies, UV_HOME, "install", "--quiet", "--require-hashes", "--only-binary=:all:", "-r", str(file))
            _finished(UV_HOME, "")
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
        _explained([*argv, *self.supplies.arguments, *arguments], self.env, cwd, self.supplies)

    def lock(self, tree: Path, extras: Sequence[str] = ()) -> str:
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
        argv += [f"--extra={extra}" for extra in extras]
        return run([*argv, "--project", str(tree)], self.env, cwd=str(tree))

    def check(self, venv: Path) -> None:
        run([self.program, "pip", "check", "--python", str(venv / "bin" / "python")], self.env)


class Pip(Installer):
    name = "pip"

    def create(self, path: Path, interpreter: Interpreter) -> None:
        run([interpreter.path, "-m", "venv", str(path)])

    def install(self, venv: Path, *arguments: str, cwd: Path | None = None) -> None:
        _pip(self.supplies, venv, "install", "--quiet", *arguments, cwd=cwd)

    def lock(self, tree: Path, extras: Sequence[str] = ()) -> str:
        raise DeployError(
            "uv.lock of the application needs uv to be read; write installer: uv, or add a requirements.txt"
        )

    def check(self, venv: Path) -> None:
        _pip(self.supplies, venv, "check", supplied=False)


def installer_for(choice: str, supplies: Supplies = NONE) -> Installer:
    """The installer for a choice of ``auto``, ``uv`` or ``pip``; ``auto`` takes pip where uv cannot be installed."""
    Path(CACHE).mkdir(parents=True, exist_ok=True)
    Path(CACHE).chmod(0o700)  # it holds what an application built from its own code
    if choice == "pip":
        return Pip(supplies)
    try:
        Uv.ensure(supplies)
    except DeployError:
        if choice == "uv":
            raise
        return Pip(supplies)
    return Uv(supplies)


def requirements_of(
    tree: Path, installer: Installer, where: str, extras: Sequence[str] = (), whole: Path | None = None
) -> Requirements:
    """What the application in `tree` needs, from the first of uv.lock, requirements.txt and pyproject.toml.

    `whole` is the tree that `tree` is a folder of, where it is one: requirements may include files from there.

    Raises:
        DeployError: there is none of them, or it cannot be read.
    """
    if (tree / "uv.lock").exists():
        text = installer.lock(tree, extras)
        return Requirements("uv.lock", text, points_into_tree(text))
    if (tree / "requirements.txt").exists():
        if extras:
            raise DeployError(
                f"extras: found {', '.join(extras)}, but {where} lists what it needs in a requirements.txt, "
                "which has none; leave extras out, or add a uv.lock"
            )
        whole = whole or tree
        text = included(whole, str(tree.relative_to(whole) / "requirements.txt"))
        return Requirements("requirements.txt", text, points_into_tree(text))
    table = project(tree).get("project")
    if isinstance(table, dict):
        dynamic = table.get("dynamic", [])
        if "dependencies" in dynamic or (extras and "optional-dependencies" in dynamic):
            raise DeployError(
                f"{where} has a pyproject.toml with dynamic dependencies, which only a build can tell; "
                "add a uv.lock or a requirements.txt"
            )
        needed = [*table.get("dependencies", []), *_of_extras(table, extras, where)]
        return Requirements("pyproject.toml", "".join(f"{item}\n" for item in needed), False)
    raise DeployError(
        f"{where} holds no uv.lock, requirements.txt or pyproject.toml with a [project] table at its top; "
        "add one that lists what the application needs, fastapi for example"
    )


def _of_extras(table: Mapping[str, Any], extras: Sequence[str], where: str) -> list[str]:
    """What the extras of a project need; one that names others of the same project stands for these."""
    optional = {normalised(name): items for name, items in table.get("optional-dependencies", {}).items()}
    own = re.compile(rf"\s*{re.escape(normalised(str(table.get('name'))))}\s*\[([^\]]*)\]\s*")
    needed: list[str] = []
    seen: set[str] = set()
    left = [normalised(extra) for extra in extras]
    while left:
        extra = left.pop(0)
        if extra not in optional:
            has = f"it has {', '.join(sorted(optional))}" if optional else "it has none"
            raise DeployError(f"extras: found {extra!r}, which the pyproject.toml of {where} does not have; {has}")
        if extra in seen:
            continue
        seen.add(extra)
        for item in optional[extra]:
            if others := own.fullmatch(normalised_requirement(item)):
                left += [normalised(other.strip()) for other in others[1].split(",")]
            else:
                needed.append(item)
    return needed


def normalised_requirement(requirement: str) -> str:
    """A requirement with its name as all spellings of it have it in common."""
    name = re.match(r"\s*[A-Za-z0-9._-]+", requirement)
    return normalised(name[0].strip()) + requirement[name.end() :] if name else requirement


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
    server_lock: str | None = None,
) -> None:
    """Builds a virtual environment in its final place; one that was not finished is begun anew.

    Where all of the requirements have hashes, nothing else is installed for them. With `server_lock`, the text of
    requirements with hashes, that is so for what serves the application as well, and nothing is built: its build would
    fetch what no hash is known of.
    """
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    installer.create(venv, interpreter)
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        file = Path(folder, "requirements.txt")
        file.write_text(requirements.text, encoding="utf-8")
        # A requirements.txt of the application stays where it is, so that what it includes is found beside it.
        given = tree / "requirements.txt" if requirements.source == "requirements.txt" else file
        wheels = ["--only-binary=:all:"] if server_lock is not None else []
        strict = ["--require-hashes"] if hashed(requirements.text) else []
        installer.install(venv, *strict, *wheels, "-r", str(given), cwd=tree)
        installed = distributions(venv)
        if server_lock is not None:
            if left := without(server_lock, installed):
                lock = Path(folder, "server.txt")
                lock.write_text(left, encoding="utf-8")
                own = ["--no-deps", "--require-hashes", *wheels, "-r", str(lock)]
                installer.install(venv, *own, cwd=Path(folder))
            installer.check(venv)
        elif missing := installable(server, installed):
            keep = Path(folder, "keep.txt")
            keep.write_text("".join(f"{name}=={version}\n" for name, version in installed.items()), encoding="utf-8")
            installer.install(venv, "--constraint", str(keep), *missing, cwd=Path(folder))
    _finished(venv, mark)


def _finished(venv: Path, mark: str) -> None:
    os.sync()  # what says that all is there must not outlive, in a power cut, what it speaks of
    (venv / _COMPLETE).write_text(mark, encoding="utf-8")


def check_hashes(requirements: Requirements, tree: Path, where: str) -> None:
    """Refuses an application that cannot be installed by hashes alone.

    Raises:
        DeployError: something that would be installed has no hash; names it, and what to do.
    """
    if names := unhashed(requirements.text):
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise DeployError(
            f"require_hashes: {requirements.source} of {where} has no hashes for {', '.join(names[:5])}{more}; "
            "write them with uv lock, or uv pip compile --generate-hashes, or leave require_hashes out"
        )
    if is_package(tree):
        raise DeployError(
            f"require_hashes: {where} has a pyproject.toml with [build-system], and what builds it would be fetched "
            "without hashes; take [build-system] out, as the application is found without being installed, "
            "or leave require_hashes out"
        )


def uv_requirement() -> str:
    """uv as a line of requirements, with the hashes of its files."""
    return " ".join([f"uv=={UV_VERSION}", *(f"--hash=sha256:{one}" for one in UV_HASHES)]) + "\n"


def tool_mark(requirements: str) -> str:
    """What a tool's virtual environment depends on: its requirements and this host's Python."""
    return digest({"requirements": requirements, "interpreter": Interpreter.at(PYTHON).tag})


def build_tool(path: Path, requirements: str, choice: str, supplies: Supplies = NONE) -> None:
    """Builds the virtual environment of a program of ours, such as certbot."""
    installer, mark = installer_for(choice, supplies), tool_mark(requirements)
    needed = Requirements("text", requirements, local=False)
    with alone(_lock(path), _LOCK_SECONDS):
        if not complete(path, mark):
            build(path, installer, Interpreter.at(PYTHON), needed, path.parent, mark=mark)


def _lock(tool: Path) -> Path:
    """Tools are shared by all applications of a host, of which each has a lock of its own."""
    return Path("/run", f"asgi-{tool.name}.lock")


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


def _pip(
    supplies: Supplies, venv: Path, command: str, *arguments: str, cwd: Path | None = None, supplied: bool = True
) -> None:
    argv = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", command]
    env = {"PIP_CACHE_DIR": str(CACHE / "pip"), **supplies.pip}
    _explained([*argv, *(supplies.arguments if supplied else ()), *arguments], env, cwd, supplies)


def _explained(argv: Sequence[str], env: Mapping[str, str], cwd: Path | None, supplies: Supplies) -> None:
    result = attempt(argv, env, str(cwd) if cwd else None, timeout=1800)
    if result.returncode:
        raise DeployError(f"the virtual environment could not be built:\n{supplies.masked(last_lines(result))}")
