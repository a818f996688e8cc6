"""The directory of a release: its source, virtual environment, configuration and units."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import stop_leftover_build
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Interpreter
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_archive import PythonArchive
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import credentials
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.additions import Additions
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.instance import Instance
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.integrity import Condition, Integrity, summarize
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.sources import application_folder, source_of
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile, write
from ansible_collections.asgi.deploy.plugins.module_utils._shared import generations
from ansible_collections.asgi.deploy.plugins.module_utils._shared.code_text import code_of, lines_of_code
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import release_id
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import PYTHON_PATH_FILE, environment_file

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import (
        DamageReport,
        ReleaseRecord,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import SourceSummary
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_results import SourceResult


class ReleaseBuilder:
    """Makes the directory of a release from its inputs.

    Attributes:
        layout: of the application.
        inputs: of the release.
        store: the releases of the application.
    """

    def __init__(self, layout: Layout, inputs: ReleaseInputs) -> None:
        self.layout = layout
        self.inputs = inputs
        self.store = Store(layout)
        self.integrity = Integrity(self.store, inputs.verify)
        self.additions = Additions.from_options(inputs.tree)
        self.source = source_of(
            inputs.source, Path(layout.mirror), hosts=inputs.build_hosts, pins=Path(layout.known_hosts)
        )
        self.interpreter = Interpreter.requested(inputs.python, PythonArchive.of(inputs.python_archive))

    def identify(self, identity: str) -> str:
        """Return the name of the release, with a digest of its inputs; if it is damaged, its next generation."""
        key = credentials.load_key(Path(self.layout.names_key), make=True) if self.inputs.all_secrets else None
        return self._standing(self._identify(identity, key))

    def predict(self, identity: str) -> str | None:
        """Return the same without changing anything; None if its secrets would be the first on this host."""
        key = credentials.load_key(Path(self.layout.names_key), make=False) if self.inputs.all_secrets else None
        return None if self.inputs.all_secrets and key is None else self._standing(self._identify(identity, key))

    def _identify(self, identity: str, key: bytes | None) -> str:
        inputs = self.inputs
        content: dict[str, Json] = {
            "source": self.source.content(identity),
            "supplies": inputs.package_sources,
            "interpreter": self.interpreter.tag,
            "installer": inputs.installer,
            **inputs.server_content,
            **inputs.steps_content,
            **inputs.import_content,
            # A comment that changes makes no other release.
            "files": {name: code_of(name, text) for name, text in inputs.files.items()},
            "environment": inputs.environment,
            "tree": cast("dict[str, Json]", dict(inputs.tree)),
            "units": {kind: lines_of_code(text) for kind, text in inputs.units.items()},
        }
        if key is not None:
            content["secrets"] = credentials.keyed_digest(inputs.all_secrets, key)
        return release_id(inputs.version, digest(content))

    def _standing(self, release: str) -> str:
        taken = {*self.integrity.known(), *self.store.named()}
        return generations.standing(release, self._complete(), taken, lambda name: not self.damage(name))

    def _complete(self) -> list[str]:
        return [release for release in self.store.on_disk() if self.store.record(release)]

    def is_intact(self, release: str) -> bool:
        """Return whether the release and the directories that contain it have the right owners and modes."""
        return not self.integrity.release(release).loose and not self.integrity.folders()

    def damage(self, release: str) -> list[str]:
        """Return what only another generation of the release repairs, as texts; none if it is undamaged."""
        damage = list(self.integrity.release(release).damage)
        if (archive := self.interpreter.archive) and not archive.complete:
            damage.append(f"its Python, {archive.folder}, is not complete")
        if not self._sealed(release):
            damage.append("its secrets are not as they were written, or this host cannot read them")
        # A change from before there was a manifest shows in a comparison with the inputs.
        elif not damage and (altered := self._altered(release)):
            damage.append(altered)
        return damage

    def conditions(self, release: str | None, everything: bool) -> dict[str, Condition]:
        """Return the conditions of a release of these inputs with its generations, and of the live one or of all."""
        complete = self._complete()
        same = generations.newest_first(release, complete) if release else []
        live = self.store.live()
        return {
            name: Condition(self.damage(name), condition.loose, condition.recorded) if name in same else condition
            for name in complete
            if everything or name in same or name == live
            for condition in [self.integrity.release(name)]
        }

    def inspect(self, release: str | None, everything: bool) -> DamageReport:
        """Return a report of these conditions: see :func:`integrity.summarize`."""
        return summarize(self.conditions(release, everything), self.integrity.folders())

    def describe_python(self) -> str:
        """Return the Python that the release would fetch, and from where; empty if it is on this host."""
        archive = self.interpreter.archive
        return archive.pending if archive else ""

    def describe_source(self, identity: str | None) -> SourceResult:
        """Return the source of the release, if it could be resolved, and the keys that were trusted for it."""
        source: SourceSummary = self.source.describe(identity) if identity else {}
        keys = self.source.trust.pinned()
        return {"source": source, "commit": source.get("commit"), "trusted_at_first_use": keys}

    def settle(self, release: str) -> list[str]:
        """Record damage, and manifests for releases that have none; return a message about the latter."""
        self.integrity.mark(self.conditions(release, everything=True))
        self.integrity.renew()
        adopted = self.integrity.adopt()
        text = f"{self.layout.app}: made by an earlier version of the collection, and recorded now as they are: "
        return [text + ", ".join(adopted)] if adopted else []

    def _sealed(self, release: str) -> bool:
        """Return whether the secrets of a release are there, as they were written, and this host can read them."""
        if not self.inputs.secrets:
            return True
        return self.store.record(release).get("seal") == credentials.seal(self.store.path(release) / credentials.FOLDER)

    def prepare(self, release: str, identity: str) -> None:
        """Make the directory of the release; its record comes last and states that it is complete.

        If it is there already, only owners and modes are repaired.
        """
        self.integrity.repair()
        if not self.store.record(release):
            try:
                self._make(release, identity)
            except (DeployError, OSError):  # half a release is of no use, and takes room
                shutil.rmtree(self.store.path(release), ignore_errors=True)
                raise
        instance = Instance(self.layout, release)
        if any(unit.stale for unit in systemd.show(*instance.units.values(), *instance.commands()[1:])):
            systemd.daemon_reload()

    def _make(self, release: str, identity: str) -> None:
        import compileall  # not above, like what builds: no inspection needs them

        from ansible_collections.asgi.deploy.plugins.module_utils._host.release.assembly import Assembly, restrict

        path = self.store.path(release)
        stop_leftover_build(self.layout)
        shutil.rmtree(path, ignore_errors=True)
        whole = path / ("tree" if self.source.subdirectory else "src")
        whole.mkdir(parents=True)
        parts = (self.layout, self.store, self.integrity, self.additions, self.source, self.inputs, self.interpreter)
        built = Assembly(*parts).make(path, whole, identity)
        # A build may have put a link in the place of a folder.
        tree = application_folder(whole, self.source.subdirectory, self.source.label(self.inputs.version, identity))
        if tree != whole:
            (path / "src").symlink_to(tree.relative_to(path))
        self.additions.check(tree)
        self.additions.install(tree, self.layout.user)
        restrict(whole, self.layout.user)
        (path / "venv").symlink_to(Path("../../venvs", built.venv))
        for item in self._files(release):
            item.apply()
        self.additions.repair(path, self.layout.user)
        # The runtime comes last, as modules of the application may have the names of its modules.
        folders = environment_file({"PYTHONPATH": ":".join([*built.folders, str(path / "runtime")])})
        write(path / PYTHON_PATH_FILE, folders.encode(), 0o640, group=self.layout.user)
        seal = self._write_secrets(release)
        compileall.compile_dir(str(path / "runtime"), quiet=2)
        restrict(path / "runtime", self.layout.user)
        with self.integrity.recording(release, built.venv):
            os.sync()  # after a power cut the record must not be there without what it stands for
        source = self.source.describe(identity)
        record: ReleaseRecord = {
            "source": source,
            "commit": source.get("commit"),
            "wheelhouse": self.inputs.wheelhouse,
            "version": self.inputs.version,
            "venv": built.venv,
            "requirements": built.file,
            "unpinned": built.unpinned,
            "state_in_memory": built.state_in_memory,
            "states": {**self._released_before(release), "prepared": time.time()},
        }
        if self.interpreter.archive:
            record["python"] = self.interpreter.archive.name
        if self.inputs.secrets:
            record["seal"] = seal
        self.store.note(release, **record)

    def _released_before(self, release: str) -> dict[str, float]:
        """Return when the release command ran in an earlier generation: it runs once for a release."""
        earlier = generations.newest_first(release, self.store.on_disk())
        ran = [self.store.record(name).get("states", {}).get("released") for name in earlier]
        return next(({"released": float(at)} for at in ran if at), {})

    def _write_secrets(self, release: str) -> str:
        """Write the secrets of a release, if it has any; return their seal."""
        folder = self.store.path(release) / credentials.FOLDER
        if self.inputs.secrets:
            credentials.write_encrypted(self.inputs.secrets, folder)
        return credentials.seal(folder)

    def _files(self, release: str) -> list[ManagedFile]:
        """Return the files and units of a release."""
        path, user = self.store.path(release), self.layout.user
        items = [
            ManagedFile(path / name, "file", text.encode(), 0o640, "root", user)
            for name, text in self.inputs.files.items()
        ]
        items.append(ManagedFile(path / "environment", "file", self.inputs.environment.encode(), 0o600, "root", "root"))
        for kind, text in self.inputs.units.items():
            items.append(
                ManagedFile(Path(UNITS, self.layout.unit(kind, release)), "file", text.encode(), 0o644, "root", "root")
            )
        return items

    def _altered(self, release: str) -> str | None:
        """Return what of a release differs from its inputs, apart from owner and mode; None if nothing does."""
        if altered := [item.path.name for item in self._files(release) if not item.has_same_code()]:
            return f"{', '.join(altered)} {'was' if len(altered) == 1 else 'were'} changed"
        if not self.additions.is_intact(self.store.path(release)):
            return "what was added to its source was changed"
        return None
