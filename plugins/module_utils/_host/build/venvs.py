"""Virtual environments: built, found to be whole, and told of."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import (
    COMPLETE,
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
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
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
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import ToolEntry

_METADATA = 2**16  # bytes of it that are read: names and versions come first
_REQUIRES = re.compile(  # as pip and uv write who requires what is not there
    r"^(?:The package `)?([A-Za-z0-9][A-Za-z0-9._-]*)(?:`| \S+) (?:requires|has requirement) ", re.MULTILINE
)


@dataclass(frozen=True)
class Server:
    """The servers of an application, installed in addition to its own requirements."""

    lock: str = ""  # with hashes, and with all that these need
    others: Sequence[str] = ()  # which the lock does not hold; installed without hashes
    strict: bool = False  # whether nothing may be installed without a hash, and nothing built


_NO_SERVER = Server()


def is_complete(venv: Path, mark: str = "") -> bool:
    """Whether a virtual environment was built to its end, from what `mark` stands for."""
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
    """Builds a virtual environment in its final place; one that was not finished is begun anew.

    Where all of the requirements have hashes, nothing else is installed for them. What serves the application comes by
    the hashes of its lock, unless the application has a version of its own. Where the server is strict nothing is
    built: its build would fetch what no hash is known of.

    Raises:
        DeployError: something cannot be installed, or what serves does not go together with the application.
    """
    place = installer.place
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    installer.create(venv, interpreter)
    with place.lent(venv), tempfile.TemporaryDirectory(prefix="asgi-", dir=place.folder) as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "requirements.txt")
        file.write_text(requirements.text, encoding="utf-8")
        # A requirements.txt of the application stays where it is, so that what it includes is found beside it.
        given = tree / requirements.source if requirements.in_place else file
        wheels = ["--only-binary=:all:"] if server.strict else []
        strict = ["--require-hashes"] if hashed(requirements.text) else []
        installer.install(venv, *strict, *wheels, "-r", str(given), cwd=requirements.folder or tree)
        _install_server(venv, installer, server, wheels, Path(folder))
    mark_complete(venv, mark)


def _install_server(venv: Path, installer: Installer, server: Server, wheels: Sequence[str], folder: Path) -> None:
    """Install what serves an application, in addition to what it has already; the installer reads files in `folder`."""
    if left := without(server.lock, distributions(venv)):
        lock = folder / "server.txt"
        lock.write_text(left, encoding="utf-8")
        installer.install(venv, "--no-deps", "--require-hashes", *wheels, "-r", str(lock), cwd=folder)
    if server.others:
        installed = distributions(venv)
        keep = folder / "keep.txt"
        keep.write_text("".join(f"{name}=={version}\n" for name, version in installed.items()), encoding="utf-8")
        missing = installable(server.others, installed)
        installer.install(venv, "--constraint", str(keep), *missing, cwd=folder)
    if server.strict or left:
        wrong = installer.conflicts(venv)
        if wrong and (server.strict or concern(wrong, pins(server.lock))):
            raise DeployError(f"the virtual environment could not be built:\n{wrong}")


def concern(printed: str, names: Collection[str]) -> bool:
    """Whether distributions do not go together of which one is of these names, as an installer prints them.

    So it is where the installer names none. What an application itself has may lack something, and is installed.
    """
    found = _REQUIRES.findall(printed)
    return not found or any(normalised(name) in names for name in found)


def tool_mark(requirements: str) -> str:
    """What a tool's virtual environment depends on: its requirements and this host's Python."""
    return digest({"requirements": requirements, "interpreter": Interpreter.at(PYTHON).tag})


def outdated_tools(tools: Iterable[ToolEntry]) -> list[ToolEntry]:
    """Return the programs whose virtual environments must be built."""
    return [tool for tool in tools if not is_complete(absolute_path(tool["path"]), tool_mark(tool["requirements"]))]


def build_tool(path: Path, requirements: str, supplies: PackageSources = DEFAULT_SOURCES) -> None:
    """Builds the virtual environment of a program of ours, such as certbot."""
    installer, mark = installer_for("auto", supplies), tool_mark(requirements)
    needed = Requirements("text", requirements, local=False)
    with exclusive_build(path):
        if not is_complete(path, mark):
            build(path, installer, Interpreter.at(PYTHON), needed, path.parent, mark=mark)


def build_packages(lines: Sequence[str], tree: Path, target: Path, installer: Installer, venv: Path) -> None:
    """Install the application itself, and packages of its repository, without what they need, into its release.

    Args:
        lines: a requirement for each of them.
        tree: the application's folder.
        target: a folder of the release, which is created.
        installer: of the application.
        venv: its environment.
    """
    target.mkdir()
    place = installer.place
    with place.lent(target), tempfile.TemporaryDirectory(prefix="asgi-", dir=place.folder) as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "packages.txt")
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        installer.install(venv, "--no-deps", "--target", str(target), "-r", str(file), cwd=tree)


def distributions(venv: Path) -> Mapping[str, str]:
    """Return what is installed in a virtual environment: normalised names and versions, without running any of it.

    Raises:
        DeployError: what describes one of them is no regular file of the environment.
    """
    from email.parser import BytesHeaderParser  # not above: no look needs it

    found: dict[str, str] = {}
    for folder in sorted(venv.glob("lib/python*/site-packages/*.dist-info")):
        head = untrusted_files.read_head(venv, str((folder / "METADATA").relative_to(venv)), _METADATA)
        about = BytesHeaderParser().parsebytes(head or b"")
        if about["Name"] and about["Version"]:
            found[normalised(str(about["Name"]))] = str(about["Version"])
    return found


def remove(venv: Path) -> None:
    """Removes a virtual environment; what says that it is complete goes first."""
    (venv / COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(venv)
