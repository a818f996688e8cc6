"""Virtual environments: built, checked for completeness, and listed."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import (
    Installer,
    Interpreter,
    exclusive_build,
    installer_for,
    mark_complete,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    DEFAULT_SOURCES,
    PackageSources,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_archive import COMPLETE
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import absolute_path
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHON
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import (
    hashed,
    installable,
    normalised,
    pins,
    without,
)

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements
    from ansible_collections.asgi.deploy.plugins.module_utils._host.build.server_versions import ServerVersions
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import ToolEntry

_METADATA = 2**16  # bytes of a METADATA file that are read: names and versions come first
_REQUIRES = re.compile(  # as pip and uv print that a distribution requires a missing one
    r"^(?:The package `)?([A-Za-z0-9][A-Za-z0-9._-]*)(?:`| \S+) (?:requires|has requirement) ", re.MULTILINE
)


@dataclass(frozen=True)
class Server:
    """The servers of an application, installed in addition to its own requirements.

    Attributes:
        lock: requirements with hashes, and all of their dependencies.
        others: requirements that the lock lacks, installed without hashes.
        strict: whether nothing may be installed without a hash, and nothing built.
        versions: what it works with.
    """

    lock: str = ""
    others: Sequence[str] = ()
    strict: bool = False
    versions: ServerVersions | None = None


_NO_SERVER = Server()


def is_complete(venv: Path, mark: str = "") -> bool:
    """Return whether a virtual environment is complete, and was built from what `mark` stands for."""
    try:
        return (venv / COMPLETE).read_text(encoding="utf-8") == mark
    except OSError:
        return False


def build(
    venv: Path,
    installer: Installer,
    interpreter: Interpreter,
    requirements: Requirements,
    tree: Path,
    server: Server = _NO_SERVER,
    mark: str = "",
) -> None:
    """Build a virtual environment in its final place; one that is not complete is built again.

    Where all of the requirements have hashes, nothing without a hash is installed for them. The server is installed by
    the hashes of its lock, unless the application has a version of its own. Where the server is strict nothing is
    built: a build would fetch distributions without a known hash.

    Args:
        venv: its folder.
        installer: builds it.
        interpreter: its Python.
        requirements: of the application.
        tree: of the application.
        server: what serves the application.
        mark: what it is made from, for :func:`is_complete`.

    Raises:
        DeployError: something cannot be installed, or the server and the application contradict each other.
    """
    shutil.rmtree(venv, ignore_errors=True)
    try:
        _fill(venv, installer, interpreter, requirements, tree, server)
    except (DeployError, OSError):  # half an environment is of no use, and takes room
        shutil.rmtree(venv, ignore_errors=True)
        raise
    mark_complete(venv, mark)


def _fill(
    venv: Path,
    installer: Installer,
    interpreter: Interpreter,
    requirements: Requirements,
    tree: Path,
    server: Server,
) -> None:
    """Create a virtual environment and install what an application and its server need; see :func:`build`."""
    # Not above: no inspection needs it.
    from ansible_collections.asgi.deploy.plugins.module_utils._host.build.bound_indexes import (
        bind,
        explained,
        install_bound,
    )

    runner = installer.runner
    venv.parent.mkdir(parents=True, exist_ok=True)
    installer.create(venv, interpreter)
    with runner.writable(venv), tempfile.TemporaryDirectory(prefix="asgi-", dir=runner.folder) as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "requirements.txt")
        file.write_text(requirements.text, encoding="utf-8")
        # A requirements.txt of the application stays where it is, so that the files it includes are next to it.
        listed = tree / requirements.source if requirements.in_place else file
        wheels = ["--only-binary=:all:"] if server.strict else []
        strict = ["--require-hashes"] if hashed(requirements.text) else []
        sources = installer.sources
        binding = bind(requirements.text, sources.bound, requirements.registries, sources.projects, requirements.source)
        install_bound(venv, installer, binding, Path(folder), wheels)
        limits = _limits(binding.constraints(distributions(venv)), Path(folder))
        limited = [] if strict else limits  # hashes say all
        with explained(binding):
            installer.install(venv, *strict, *limited, *wheels, "-r", str(listed), cwd=requirements.folder or tree)
        _install_server(venv, installer, server, wheels, Path(folder), limits)


def _limits(constraints: str, folder: Path) -> list[str]:
    """Return arguments by which an installer keeps to constraints; none if there are none."""
    if not constraints:
        return []
    file = folder / "bound.txt"
    file.write_text(constraints, encoding="utf-8")
    return ["--constraint", str(file)]


def _install_server(
    venv: Path, installer: Installer, server: Server, wheels: Sequence[str], folder: Path, limits: Sequence[str]
) -> None:
    """Install the server in addition to what an environment has already; the installer reads files in `folder`."""
    installed = distributions(venv)
    if server.versions:
        server.versions.check_installed(installed)
    if missing_pins := without(server.lock, installed):
        lock = folder / "server.txt"
        lock.write_text(missing_pins, encoding="utf-8")
        installer.install(venv, "--no-deps", "--require-hashes", *wheels, "-r", str(lock), cwd=folder)
    if server.others:
        installed = distributions(venv)
        keep = folder / "keep.txt"
        keep.write_text("".join(f"{name}=={version}\n" for name, version in installed.items()), encoding="utf-8")
        missing = installable(server.others, installed)
        installer.install(venv, "--constraint", str(keep), *limits, *missing, cwd=folder)
    if server.strict or missing_pins:
        conflicts = installer.conflicts(venv)
        if conflicts and (server.strict or concern(conflicts, pins(server.lock))):
            raise DeployError(f"the virtual environment could not be built:\n{conflicts}")


def concern(printed: str, names: Collection[str]) -> bool:
    """Return whether conflicts concern distributions of these names.

    They do where the installer names none. Distributions of the application itself may lack something, and stay
    installed.

    Args:
        printed: conflicts, as an installer prints them.
        names: normalised names.
    """
    requiring = _REQUIRES.findall(printed)
    return not requiring or any(normalised(name) in names for name in requiring)


def tool_mark(requirements: str) -> str:
    """Return what a tool's virtual environment depends on: its requirements and this host's Python, as a digest."""
    return digest({"requirements": requirements, "interpreter": Interpreter.at(PYTHON).tag})


def outdated_tools(tools: Iterable[ToolEntry]) -> list[ToolEntry]:
    """Return the programs whose virtual environments must be built."""
    return [tool for tool in tools if not is_complete(absolute_path(tool["path"]), tool_mark(tool["requirements"]))]


def build_tool(path: Path, requirements: str, sources: PackageSources = DEFAULT_SOURCES) -> None:
    """Build the virtual environment of a program of this collection, such as certbot."""
    # Not above: no inspection needs it.
    from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements

    installer, mark = installer_for("auto", sources), tool_mark(requirements)
    needed = Requirements("text", requirements, local=False)
    with exclusive_build(path):
        if not is_complete(path, mark):
            build(path, installer, Interpreter.at(PYTHON), needed, path.parent, mark=mark)


def build_packages(
    lines: Sequence[str], tree: Path, target: Path, installer: Installer, venv: Path, env: Mapping[str, str]
) -> None:
    """Install the application itself, and packages of its repository, without their requirements, into its release.

    Args:
        lines: a requirement for each of them.
        tree: the application's folder.
        target: a folder of the release, which is created.
        installer: of the application.
        venv: its environment.
        env: further variables of their builds.
    """
    target.mkdir()
    runner = installer.runner
    with runner.writable(target), tempfile.TemporaryDirectory(prefix="asgi-", dir=runner.folder) as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "packages.txt")
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        installer.install(venv, "--no-deps", "--target", str(target), "-r", str(file), cwd=tree, env=env)


def distributions(venv: Path) -> Mapping[str, str]:
    """Return the versions of what is installed in a virtual environment, by normalised name, without running any of it.

    Raises:
        DeployError: the METADATA of one of them is no regular file of the environment.
    """
    from email.parser import BytesHeaderParser  # not above: no inspection needs them

    from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files

    versions: dict[str, str] = {}
    for folder in sorted(venv.glob("lib/python*/site-packages/*.dist-info")):
        head = untrusted_files.read_head(venv, str((folder / "METADATA").relative_to(venv)), _METADATA)
        about = BytesHeaderParser().parsebytes(head or b"")
        if about["Name"] and about["Version"]:
            versions[normalised(str(about["Name"]))] = str(about["Version"])
    return versions


def names(venv: Path) -> set[str]:
    """Return the normalised names of what is installed in a virtual environment; no file of it is read."""
    folders = venv.glob("lib/python*/site-packages/*.dist-info")
    return {normalised(folder.name.partition("-")[0]) for folder in folders}


def remove(venv: Path) -> None:
    """Remove a virtual environment; its mark of completeness first."""
    (venv / COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(venv)
