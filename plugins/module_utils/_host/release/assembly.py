"""The source and the virtual environment of a release, made as the user of the build."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import import_path, project_metadata, venvs
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import (
    SandboxedRunner,
    chain_commands,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_steps import run_steps
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import (
    Installer,
    Interpreter,
    Uv,
    installer_for,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    SourceOptions,
    prepare_sources,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import is_package, read_pyproject
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_install import ensure_python
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_version import check_python
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import (
    Requirements,
    check_protection,
    packages_of,
    requirements_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.server_versions import ServerVersions
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.additions import Additions
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Integrity
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.lfs import refuse_pointers
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.scm_versions import backend_variables
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.sources import Source, application_folder
from ansible_collections.asgi.deploy.plugins.module_utils._shared import generations
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import (
    normalised,
    unlocked,
    unpinned,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.state_in_memory import with_state_in_memory
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import SITE


class Assembled(NamedTuple):
    """The result of an assembly.

    Attributes:
        venv: the name of the virtual environment.
        file: the path, in the application's folder, of the file that lists its dependencies.
        unpinned: requirements of its server that were installed without a hash.
        folders: in which each program of the release looks for modules.
        state_in_memory: distributions that keep state of visitors in the memory of a worker.
    """

    venv: str
    file: str
    unpinned: list[str]
    folders: list[str]
    state_in_memory: list[str]


@dataclass(frozen=True)
class Assembly:
    """Makes the source and the virtual environment of one release."""

    layout: Layout
    store: Store
    integrity: Integrity
    additions: Additions
    source: Source
    inputs: ReleaseInputs
    interpreter: Interpreter

    def make(self, path: Path, whole: Path, identity: str) -> Assembled:
        """Check the source out and compile it; build its environment if no release has it yet.

        Args:
            path: the folder of the release.
            whole: the folder for its source.
            identity: of the source.
        """
        where, inputs = self.source.label(self.inputs.version, identity), self.inputs
        options = SourceOptions(
            *(inputs.index, inputs.wheelhouse, inputs.package_indexes),
            *(inputs.dependency_keys, inputs.source.get("known_hosts") or ()),
        )
        with prepare_sources(self.layout.app, options) as sources:
            runner = SandboxedRunner(self.layout, inputs.build, inputs.build_hosts, inputs.insecure_transport)
            installer = installer_for(inputs.installer, sources, runner)
            with runner.writable(whole):
                ran = self._check_out(identity, whole, runner)
                tree = application_folder(whole, self.source.subdirectory, where)
                refuse_pointers(whole, where)
                self.additions.check(tree)
                if archive := self.interpreter.archive:
                    Uv.ensure(sources)
                    ensure_python(self.layout, archive, Uv(sources, runner))
                check_python(tree, read_pyproject(tree), self.interpreter, inputs.python != "system", where)
                site = path / SITE
                with runner.bounded_cache():
                    requirements = self._requirements(tree, whole, installer, where)
                    check_protection(requirements, tree, where, inputs.require_hashes, inputs.insecure_transport)
                    versions = self._server_versions(where, requirements)
                    versions.check_requirements(requirements, tree, whole)
                    venv = self._venv(path, tree, whole, installer, requirements, identity, versions)
                    folders = self._folders(tree, whole, site, Path(self.layout.venvs, venv), requirements, identity)
                    run_steps(inputs.steps, runner, tree, Path(self.layout.venvs, venv), site, folders)
                if site.is_dir():
                    restrict(site, self.layout.user)
                if runner.ran != ran:
                    runner.run_unchecked(self._compiler(whole))
                state = with_state_in_memory(venvs.names(Path(self.layout.venvs, venv)))
                return Assembled(venv, requirements.source, unpinned(self._others, requirements.text), folders, state)

    def _folders(
        self, tree: Path, whole: Path, site: Path, venv: Path, requirements: Requirements, identity: str
    ) -> list[str]:
        """Leave one copy of the application's code; return the folders in which each program looks for modules."""
        pyproject = read_pyproject(tree)
        # Requirements that are paths in the tree are built into the environment, which belongs to this release only.
        known = venvs.distributions(venv) if requirements.local else {}
        if not is_package(tree) and project_metadata.name_of(pyproject) not in known:
            version = self.source.build_version(identity) if project_metadata.is_dynamic(pyproject) else None
            files = project_metadata.metadata_files(pyproject, version, f"{venv}/bin/python")
            project_metadata.install(files, site)
        built = import_path.unite(site, tree, whole)
        for packages in venv.glob("lib/python*/site-packages") if requirements.local else ():
            built += import_path.unite(packages, tree, whole, keep=True)
        names = import_path.names_of(self.inputs.module, pyproject)
        return import_path.search_path(tree, whole, site, self.inputs.python_path, built, names)

    def _check_out(self, identity: str, whole: Path, runner: SandboxedRunner) -> int:
        """Check the source out; return how many programs had run when its tree was compiled, or -1 if it was not.

        If there are environments already, most releases need no other one, and no program runs after git: so the tree
        is compiled by the same unit.
        """
        if not (store := self.source.store):
            self.source.checkout(identity, whole)
            runner.hand_over(whole)  # root has unpacked it
            return -1
        shutil.chown(store, group=runner.user)
        store.chmod(0o750)
        then = self._compiler(whole) if self.store.venvs() else None

        def run_in(argv: Sequence[str], env: Mapping[str, str] | None) -> CompletedProcess[str]:
            return runner.run_unchecked(chain_commands(argv, then) if then else argv, env, reads=[store])

        self.source.checkout(identity, whole, run_in)
        return runner.ran if then else -1

    def _compiler(self, tree: Path) -> list[str]:
        """Return the program that compiles a tree. An error in the source is reported by the application itself."""
        return [self.interpreter.path, "-I", "-m", "compileall", "-qq", str(tree)]

    def _server_versions(self, where: str, requirements: Requirements) -> ServerVersions:
        names = (re.split(r"[=\[]", item, maxsplit=1)[0] for item in self.inputs.server_requirements)
        return ServerVersions(self.inputs.server, frozenset(map(normalised, names)), where, requirements.source)

    def _venv(
        self,
        path: Path,
        tree: Path,
        whole: Path,
        installer: Installer,
        requirements: Requirements,
        identity: str,
        versions: ServerVersions,
    ) -> str:
        """Return the name of the environment, which is built if no release has it yet."""
        content = {
            "requirements": requirements.text,
            # A requirement that is a path in the tree belongs to this release only.
            "tree": path.name if requirements.local else None,
            "supplies": self.inputs.package_sources,
            "interpreter": self.interpreter.tag,
            "installer": installer.name,
            **self.inputs.server_content,
        }
        complete = [name for name in self.store.venvs() if venvs.is_complete(Path(self.layout.venvs, name))]
        name = generations.standing(
            digest(content)[:16],
            complete,
            self.integrity.known_venvs(),
            lambda venv: not self.integrity.venv(venv).damage,
        )
        venv = Path(self.layout.venvs, name)
        if name not in complete:
            server = venvs.Server(self.inputs.server_lock, self._others, self.inputs.require_hashes, versions)
            venvs.build(venv, installer, self.interpreter, requirements, tree, server)
        if packages := packages_of(tree, whole, requirements):
            # What packaging builds are given: the version that git has, and the variables of the build.
            env = {**backend_variables(self.source.build_version(identity)), **self.inputs.steps["env"]}
            venvs.build_packages([*packages.values()], tree, path / SITE, installer, venv, env)
        return name

    @property
    def _others(self) -> list[str]:
        """Return requirements of the server that the collection has no hashes of."""
        return unlocked(self.inputs.server_lock, self.inputs.server_requirements)

    def _requirements(self, tree: Path, whole: Path, installer: Installer, where: str) -> Requirements:
        if self.source.requirements:
            return Requirements.of_packages(self.source.requirements)
        options = DependencyOptions(self.inputs.requirements, self.inputs.extras, self.inputs.dependency_groups)
        live = self.store.live()
        file = self.store.record(live).get("requirements", "") if live else None
        return requirements_of(tree, installer, where, options, whole, file)


def restrict(tree: Path, group: str) -> None:
    """Allow only a group to read a folder, and only root to write it."""
    for folder, _folders, files in os.walk(tree):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                shutil.chown(path, "root", group)
                path.chmod(0o750 if path.stat().st_mode & 0o100 else 0o640)
