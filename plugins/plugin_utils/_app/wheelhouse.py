"""Wheels that an application needs on a host, fetched into a folder of the controller with uv and pip of its own."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import installers, requirements
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    DEFAULT_SOURCES,
    PackageSources,
    from_index,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import (
    read_pyproject,
    string_list,
    subtable,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.sources import application_folder, source_of
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import IndexEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import (
    installable,
    normalised,
    pins,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.wheel_requirements import refuse_builds
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import resolve_path
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of

NEWEST_FOR_UV = 40  # of the platforms that uv knows by name
OLDEST = {"x86_64": 5, "i686": 5}  # of the manylinux platforms; 17 elsewhere
ALIASES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """What wheels must be for: a version of CPython, a machine, and the minor version of its glibc."""

    python: str
    machine: str
    glibc: int

    @classmethod
    def of(cls, python: str, facts: Facts) -> Target:
        """Return the target of a host, with its own version of Python or that of the option `python`."""
        version = facts["python"]["version"]
        named = re.search(r"3\.\d+$", python)
        number = named[0] if named else f"{version['major']}.{version['minor']}"
        return cls(number, facts["architecture"], platform_of(facts).glibc)

    @property
    def platforms(self) -> list[str]:
        """Return the names by which pip knows wheels that run there, newest first."""
        names = []
        for minor in range(self.glibc, OLDEST.get(self.machine, 17) - 1, -1):
            names.append(f"manylinux_2_{minor}_{self.machine}")
            if minor in ALIASES:
                names.append(f"{ALIASES[minor]}_{self.machine}")
        return [*names, f"linux_{self.machine}"]

    @property
    def for_uv(self) -> str:
        """Return the name by which uv knows the target."""
        return f"{self.machine}-manylinux_2_{min(self.glibc, NEWEST_FOR_UV)}"

    def __str__(self) -> str:
        """Return the target for a message."""
        return f"Python {self.python} on {self.machine} with glibc 2.{self.glibc}"


def pinned(text: str) -> dict[str, str]:
    """Return names and versions of compiled requirements."""
    return {normalised(name): version for name, version in _PINNED.findall(text)}


@dataclass(frozen=True)
class CollectionProgram:
    """A program of this collection on the same host: the files that pin it, and the host's own Python."""

    files: Sequence[Path]
    target: Target


def fill(plan: AppPlan, target: Target, base: str | None, program: CollectionProgram | None = None) -> list[str]:
    """Add the wheels that are missing in an application's wheelhouse, and return their names.

    Raises:
        DeployError: something has no wheel for the target, or cannot be fetched; names it.
    """
    folder = resolve_path(plan["wheelhouse"] or "", base)
    with tempfile.TemporaryDirectory(prefix="asgi-") as scratch:
        tools = Tools(Path(scratch), _package_sources(plan["index"], Path(scratch)), target)
        tools.install()
        files = _compiled(plan, tools, base)
        fetched = Path(scratch, "wheels")
        for file in files:
            tools.download(file, fetched)
        if program:
            system = replace(tools, target=program.target)
            source = _write(Path(scratch, "program.in"), (f"-r {file}" for file in program.files))
            system.download(system.compile(source), fetched)
        folder.mkdir(parents=True, exist_ok=True)
        new = sorted(path.name for path in fetched.iterdir() if not (folder / path.name).exists())
        for name in new:
            shutil.copyfile(fetched / name, folder / f".{name}")
            (folder / f".{name}").replace(folder / name)
    return new


def _package_sources(index: IndexEntry | None, scratch: Path) -> PackageSources:
    """Return the package sources as on a host, but with the home and the caches of the user who runs the playbook."""
    sources = from_index(index, scratch) if index else DEFAULT_SOURCES
    home = {"HOME": str(Path.home())}
    return replace(sources, uv={**sources.uv, **home, "UV_CACHE_DIR": str(scratch / "uv")}, pip={**sources.pip, **home})


@dataclass(frozen=True)
class Tools:
    """uv and pip in a virtual environment of their own, working for a target."""

    scratch: Path
    sources: PackageSources
    target: Target

    @property
    def bin(self) -> Path:
        """Return the folder of programs."""
        return self.scratch / "tools" / "bin"

    def install(self) -> None:
        """Install uv."""
        self._run([sys.executable, "-m", "venv", str(self.scratch / "tools")], self.sources.pip, "")
        pinned_uv = _write(self.scratch / "tools.txt", [installers.uv_requirement()])
        pip = [str(self.bin / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(pinned_uv)]
        self._run(pip, self.sources.pip, "uv cannot be installed on the controller")

    def compile(self, source: Path, constraints: Path | None = None, cwd: Path | None = None) -> Path:
        """Return a file with all that the requirements in `source` lead to on the target, pinned with hashes."""
        handle, name = tempfile.mkstemp(suffix=".txt", dir=self.scratch)
        os.close(handle)
        argv = [str(self.bin / "uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes"]
        argv += ["--no-config"]  # the tree may have one
        argv += ["--python", str(self.bin / "python"), "--python-version", self.target.python]
        argv += ["--python-platform", self.target.for_uv, "--only-binary", ":all:", "--output-file", name]
        argv += ["--constraints", str(constraints)] if constraints else []
        failure = f"wheelhouse: not everything is there as a wheel for {self.target}"
        self._run([*argv, str(source)], self.sources.uv, failure, cwd)
        return Path(name)

    def download(self, requirements: Path, into: Path) -> None:
        """Download the wheels of requirements into a folder."""
        argv = [str(self.bin / "python"), "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        argv += ["--disable-pip-version-check", "--no-input", "--dest", str(into), "--requirement", str(requirements)]
        argv += ["--implementation", "cp", "--python-version", self.target.python]
        argv += [f"--platform={name}" for name in self.target.platforms]
        failure = f"wheelhouse: not everything is there as a wheel for {self.target}"
        self._run(argv, self.sources.pip, failure)

    def _run(self, argv: Sequence[str], env: Mapping[str, str], failure: str, cwd: Path | None = None) -> None:
        """Run a program; raise DeployError, which begins with `failure`, if it fails."""
        result = run_unchecked(argv, env, str(cwd) if cwd else None, timeout=1800)
        if result.returncode:
            raise DeployError(f"{failure or argv[0]}:\n{self.sources.masked(last_lines(result))}")


def _compiled(plan: AppPlan, tools: Tools, base: str | None) -> list[Path]:
    """Return compiled requirements of the application, its server, its build and uv, which may differ in versions."""
    whole, tree, where = _tree(plan, tools.scratch, base)
    if plan["source"]["kind"] == "package":
        needed = requirements.Requirements.of_packages(plan["source"]["requirements"])
    else:
        options = DependencyOptions(plan["requirements"], plan["extras"], plan["dependency_groups"])
        uv = installers.Uv(tools.sources, program=str(tools.bin / "uv"))
        needed = requirements.requirements_of(tree, uv, where, options, whole)
    if needed.in_place:
        refuse_builds(requirements.included_files(tree, needed.source), where)
        file = tree / needed.source
    else:
        refuse_builds({needed.source: needed.text}, where)
        file = _write(tools.scratch / "application.in", needed.text.splitlines())
    compiled = [tools.compile(file, cwd=needed.folder or tree)]
    versions = pinned(compiled[0].read_text(encoding="utf-8"))
    keep = _write(tools.scratch / "keep.txt", constraints(plan["server_lock"], versions))
    server = _write(tools.scratch / "server.in", installable(plan["server_requirements"], versions))
    compiled.append(tools.compile(server, keep))
    # Hosts build the application and packages of its repository; each build has an environment of its own.
    for number, needs in enumerate(build_requirements(tree, whole, needed)):
        refuse_builds({"pyproject.toml": "\n".join(needs)}, where)
        compiled.append(tools.compile(_write(tools.scratch / f"build{number}.in", needs)))
    if plan["installer"] != "pip":
        compiled.append(tools.compile(_write(tools.scratch / "uv.in", [f"uv=={installers.UV_VERSION}"])))
    return compiled


def build_requirements(tree: Path, whole: Path, needed: requirements.Requirements) -> list[list[str]]:
    """Return what each package that a release installs from its own repository needs to be built.

    Args:
        tree: the application's folder.
        whole: the repository.
        needed: what the application needs.

    Raises:
        DeployError: a pyproject.toml cannot be read.
    """
    folders = requirements.packages_of(tree, whole, needed)
    return [string_list(subtable(read_pyproject(folder), "build-system"), "requires") for folder in folders]


def constraints(lock: str, versions: Mapping[str, str]) -> list[str]:
    """Return the versions that a host installs: those of the application, and those of the lock for its server."""
    return [f"{name}=={version}" for name, version in {**pins(lock), **versions}.items()]


def _tree(plan: AppPlan, scratch: Path, base: str | None) -> tuple[Path, Path, str]:
    """Return the application's source on the controller, its own folder in it, and its name in a message."""
    whole = scratch / "tree"
    whole.mkdir()
    options, archive = plan["source"], plan["archive"]
    if plan["directory"]:
        whole = resolve_path(plan["directory"], base)
        return whole, application_folder(whole, options["subdirectory"], str(whole)), str(whole)
    if archive and archive["path"]:
        file = resolve_path(archive["path"], base)
        digest = file_digest(file)
        options = {**options, "sha256": digest}
        (scratch / digest).symlink_to(file.absolute())
    source = source_of(options, scratch / "git", scratch, {"HOME": str(Path.home())})
    identity = source.fetch(plan["version"], source.resolve(plan["version"]))
    source.checkout(identity, whole)
    where = source.label(plan["version"], identity)
    return whole, application_folder(whole, source.subdirectory, where), where


def _write(path: Path, lines: Iterable[str]) -> Path:
    """Write lines into a file, and return its path."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
