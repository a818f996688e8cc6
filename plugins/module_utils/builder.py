"""Makes a release's directory: its source, virtual environment, configuration and units."""

from __future__ import annotations

import compileall
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils import systemd, venvs
from ansible_collections.asgi.deploy.plugins.module_utils.filesets import write
from ansible_collections.asgi.deploy.plugins.module_utils.git import Mirror
from ansible_collections.asgi.deploy.plugins.module_utils.identity import digest
from ansible_collections.asgi.deploy.plugins.module_utils.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout, release_id
from ansible_collections.asgi.deploy.plugins.module_utils.store import Store


@dataclass(frozen=True)
class Inputs:
    """All that makes a release what it is."""

    git: str
    version: str
    files: Mapping[str, str]  # name in the release directory → text, readable by the application
    environment: str  # text of its environment file, readable by root alone
    units: Mapping[str, str]  # kind of unit → text; %i stands for the release
    server_requirements: Sequence[str]
    installer: str


class Builder:
    """Knows a release's inputs, and makes from them what is on disk."""

    def __init__(self, layout: Layout, inputs: Inputs) -> None:
        self.layout = layout
        self.inputs = inputs
        self.store = Store(layout)
        self.mirror = Mirror(Path(layout.mirror), inputs.git)
        self.interpreter = venvs.Interpreter.at(venvs.PYTHON)

    def identify(self, commit: str) -> str:
        """The release's id: a digest over all its inputs."""
        inputs = self.inputs
        content = {
            "commit": commit,
            "interpreter": self.interpreter.tag,
            "installer": inputs.installer,
            "server": list(inputs.server_requirements),
            "files": dict(inputs.files),
            "environment": inputs.environment,
            "units": dict(inputs.units),
        }
        return release_id(inputs.version, digest(content))

    def intact(self, release: str) -> bool:
        """Whether the release's files and units are on disk as they shall be."""
        return all(_holds(path, text) for path, text in {**self._files(release), **self._units(release)}.items())

    def prepare(self, release: str, commit: str) -> None:
        """Makes the release's directory; its record is written last and says that it is whole."""
        path = self.store.path(release)
        if not self.store.record(release):
            shutil.rmtree(path, ignore_errors=True)
            tree = path / "src"
            tree.mkdir(parents=True)
            self.mirror.checkout(commit, tree)
            venv = self._venv(path, tree, commit)
            compileall.compile_dir(str(tree), quiet=2)
            _give(tree, self.layout.user)
            (path / "venv").symlink_to(Path("../../venvs", venv))
            self._write(release)
            os.sync()  # the record must not outlive, in a power cut, what it vouches for
            self.store.note(
                release, commit=commit, version=self.inputs.version, venv=venv, states={"prepared": time.time()}
            )
        self._write(release)

    def _write(self, release: str) -> None:
        for path, text in self._files(release).items():
            if not _holds(path, text):
                group, mode = ("root", 0o600) if path.name == "environment" else (self.layout.user, 0o640)
                write(path, text.encode(), mode, group=group)
        stale = {path: text for path, text in self._units(release).items() if not _holds(path, text)}
        for path, text in stale.items():
            write(path, text.encode())
        if stale or any(unit.stale for unit in systemd.show(*Instance(self.layout, release).units.values())):
            systemd.daemon_reload()

    def _venv(self, path: Path, tree: Path, commit: str) -> str:
        """The digest of the release's virtual environment, which is built if no release has it yet."""
        installer = venvs.installer_for(self.inputs.installer)
        where = f"{self.inputs.git} at {self.inputs.version} ({commit[:12]})"
        requirements = venvs.requirements_of(tree, installer, where)
        content = {
            "requirements": requirements.text,
            # What points into the tree points into this very release's.
            "tree": path.name if requirements.local else None,
            "interpreter": self.interpreter.tag,
            "installer": installer.name,
            "server": list(self.inputs.server_requirements),
        }
        name = digest(content)[:16]
        venv = Path(self.layout.venvs, name)
        if not venvs.complete(venv):
            venvs.build(venv, installer, self.interpreter, requirements, tree, self.inputs.server_requirements)
        if venvs.is_package(tree):
            venvs.build_package(tree, path / "site", installer, venv)
            _give(path / "site", self.layout.user)
        return name

    def _files(self, release: str) -> dict[Path, str]:
        texts = {**self.inputs.files, "environment": self.inputs.environment}
        return {self.store.path(release) / name: text for name, text in texts.items()}

    def _units(self, release: str) -> dict[Path, str]:
        return {Instance(self.layout, release).files[kind]: text for kind, text in self.inputs.units.items()}


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _give(tree: Path, group: str) -> None:
    """Lets the application read its code and nobody else; only root can write it."""
    for folder, _, files in os.walk(tree):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                shutil.chown(path, "root", group)
                path.chmod(0o750 if path.stat().st_mode & 0o100 else 0o640)
