"""Damage to releases and environments of an application, found with manifests that only root can read."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release import manifest as manifests
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.manifest import (
    Differences,
    Manifest,
    Tree,
    shortened,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import RECORD, Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.generations import superseded
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import DamageReport

RELEASES, VENVS = "releases", "venvs"
_FOLDER_MODE = 0o755  # of directories that contain releases and environments: nginx has to pass through
_KEY_MODE = 0o600
_UNIT_KINDS = {".service", ".socket", ".timer", ".target"}


@dataclass(frozen=True)
class Condition:
    """The condition of a release with its environment, or of an environment.

    Attributes:
        damage: what only another generation repairs, as texts; none if it is undamaged.
        loose: what differs only in owner or mode and is repaired in place, as texts.
        recorded: whether there is a manifest.
    """

    damage: Sequence[str] = field(default_factory=list)
    loose: Sequence[str] = field(default_factory=list)
    recorded: bool = True


class Integrity:
    """The manifests of one application. The differences of a tree are kept until they are repaired."""

    def __init__(self, store: Store, verify: bool = False) -> None:
        """Prepare inspections; with `verify` the contents of all files are compared as well."""
        self.store = store
        self._verify = verify
        self._folder = Path(store.layout.manifests)
        self._known_differences: dict[tuple[str, str], Differences | None] = {}
        self._touched = set[tuple[str, str]]()  # trees that are as they were made, although lstat differs

    def release(self, release: str) -> Condition:
        """Return the condition of a release with its environment."""
        venv = self.store.record(release).get("venv")
        tree, of_venv = self._condition(RELEASES, release), self.venv(venv) if venv else Condition()
        return Condition(
            [*tree.damage, *of_venv.damage], [*tree.loose, *of_venv.loose], tree.recorded and of_venv.recorded
        )

    def venv(self, venv: str) -> Condition:
        """Return the condition of an environment."""
        return self._condition(VENVS, venv)

    def folders(self) -> list[str]:
        """Return what is wrong with the directories that contain it all, and with the key of names there, as texts."""
        return [text for text, _path, _mode in self._folders()]

    def known(self) -> set[str]:
        """Return the releases that have a manifest, on disk or not."""
        return self._known(RELEASES)

    def known_venvs(self) -> set[str]:
        """Return the environments that have a manifest, on disk or not."""
        return self._known(VENVS)

    @contextmanager
    def recording(self, release: str, venv: str) -> Iterator[None]:
        """Record a release that has just been made, and its environment if that is new, while the block runs."""
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(self._record, RELEASES, release)]
            if venv not in self.known_venvs():
                done.append(pool.submit(self._record, VENVS, venv))
            yield
            for each in done:
                each.result()

    def adopt(self) -> list[str]:
        """Record releases and environments that have no manifest yet, as they are; return the releases."""
        adopted = []
        for release in self.store.on_disk():
            record = self.store.record(release)
            if not record or self.release(release).recorded:
                continue
            adopted.append(release)
            self._adopt(RELEASES, release)
            if venv := record.get("venv"):
                self._adopt(VENVS, venv)
        return adopted

    def renew(self) -> None:
        """Record lstat again for trees that are as they were made, such as after a restore from a backup."""
        for kind, name in sorted(self._touched):
            self._renew(kind, name)
        self._touched.clear()

    def repair(self) -> None:
        """Restore the owner and the mode of everything."""
        for _text, path, mode in list(self._folders()):
            os.chown(path, 0, 0)
            path.chmod(mode)
        for release in self.store.on_disk():
            record = self.store.record(release)
            self._repair(RELEASES, release)
            if venv := record.get("venv"):
                self._repair(VENVS, venv)

    def mark(self, conditions: Mapping[str, Condition]) -> None:
        """Record the damage of releases in their records."""
        for release, condition in conditions.items():
            if (self.store.record(release).get("damaged") or []) != list(condition.damage):
                self.store.note(release, damaged=list(condition.damage))

    def forget_removed(self, serving: Collection[str]) -> None:
        """Remove the manifests of what is gone and not needed any more.

        Args:
            serving: the releases whose server runs: until it ends, their names are not used again.
        """
        present = {*self.store.on_disk(), *self.store.named(), *serving}
        for release in self.known() - present:
            self._path(RELEASES, release).unlink(missing_ok=True)
        used = {kept.venv for kept in self.store.kept()}  # a missing one is damage as long as a release needs it
        for venv in self.known_venvs() - {*self.store.venvs(), *used}:
            self._path(VENVS, venv).unlink(missing_ok=True)

    def _condition(self, kind: str, name: str) -> Condition:
        differences = self._differences(kind, name)
        if differences is None:
            return Condition(recorded=False)
        subject = "environment" if kind == VENVS else ""
        return Condition(
            [shortened(differences.damage, subject)] if differences.damage else [],
            [shortened(differences.texts, subject)] if differences.texts else [],
        )

    def _differences(self, kind: str, name: str) -> Differences | None:
        """Return how a tree differs from its manifest; None if it has none."""
        if (kind, name) not in self._known_differences:
            self._known_differences[kind, name] = self._compare(kind, name)
        return self._known_differences[kind, name]

    def _compare(self, kind: str, name: str) -> Differences | None:
        try:
            text = self._path(kind, name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None if self._tree(kind, name).top.is_dir() else Differences(("it is missing",))
        tree = self._tree(kind, name)
        entries = tree.read()
        try:
            if not self._verify and manifests.unchanged(text.partition("\n")[0], entries, _user, _group):
                return Differences()
            manifest = manifests.decode(text)
        except (ValueError, TypeError, KeyError):
            return Differences((f"its manifest {self._path(kind, name)} cannot be read",))
        differences = manifests.compare(manifest.renumbered(_user, _group), entries, tree.content, self._verify)
        if differences == Differences():
            self._touched.add((kind, name))
        return differences

    def _record(self, kind: str, name: str, adopted: bool = False) -> None:
        self._write(kind, name, manifests.recorded(self._tree(kind, name), adopted))

    def _adopt(self, kind: str, name: str) -> None:
        if not self._path(kind, name).exists():
            self._record(kind, name, adopted=True)

    def _repair(self, kind: str, name: str) -> None:
        differences = self._differences(kind, name)
        if not differences or not differences.loose:
            return
        tree = self._tree(kind, name)
        manifests.restore_attributes(tree, differences.loose)
        del self._known_differences[kind, name]
        self._differences(kind, name)

    def _renew(self, kind: str, name: str) -> None:
        """Record what lstat says now of a tree that is as it was made, so that the next run need not read it."""
        path = self._path(kind, name)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:  # it was removed since it was compared
            return
        entries = self._tree(kind, name).read()
        manifest = manifests.decode(text).renumbered(_user, _group)
        if manifest.entries.keys() <= entries.keys():
            write(path, manifests.encode(manifest.renewed(entries), entries).encode(), 0o600)

    def _write(self, kind: str, name: str, manifest: Manifest) -> None:
        path = self._path(kind, name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(exist_ok=True)
        write(path, manifests.encode(manifest).encode(), 0o600)
        self._known_differences.pop((kind, name), None)

    def _path(self, kind: str, name: str) -> Path:
        return self._folder / kind / f"{name}.json"

    def _known(self, kind: str) -> set[str]:
        return {path.name.removesuffix(".json") for path in (self._folder / kind).glob("[!.]*.json")}

    def _tree(self, kind: str, name: str) -> Tree:
        layout = self.store.layout
        if kind == VENVS:
            return Tree(Path(layout.venvs, name), skip=lambda path: path == ".lock")  # of uv
        files = [path for pattern in ("@", ".*@") for path in Path(UNITS).glob(f"asgi-{layout.app}{pattern}{name}.*")]
        units = sorted(path for path in files if path.name.endswith(tuple(f"@{name}{kind}" for kind in _UNIT_KINDS)))
        return Tree(self.store.path(name), units, _is_volatile)

    def _folders(self) -> Iterator[tuple[str, Path, int]]:
        layout = self.store.layout
        modes = dict.fromkeys((layout.root, layout.home, layout.releases, layout.venvs), _FOLDER_MODE)
        for path, expected in {**modes, layout.names_key: _KEY_MODE}.items():
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue
            mode = stat.S_IMODE(status.st_mode)
            if mode != expected:
                yield f"{path} has mode {mode:04o} instead of {expected:04o}", Path(path), expected
            elif (status.st_uid, status.st_gid) != (0, 0):
                yield f"{path} is owned by {status.st_uid}:{status.st_gid} instead of 0:0", Path(path), expected


def _is_volatile(name: str) -> bool:
    """Return whether a name in the directory of a release may come and go: its socket and its record."""
    return name in ("app.sock", RECORD) or name.startswith(f".{RECORD}.")


def _user(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


def _group(name: str) -> int:
    return grp.getgrnam(name).gr_gid


def summarize(conditions: Mapping[str, Condition], folders: Sequence[str]) -> DamageReport:
    """Return a report about releases, without those that a newer generation supersedes.

    Args:
        conditions: of releases, by their names.
        folders: what is wrong with the directories that contain them.
    """
    old = superseded(conditions)
    conditions = {name: condition for name, condition in conditions.items() if name not in old}
    return {
        "damage": {name: list(condition.damage) for name, condition in conditions.items() if condition.damage},
        "loose": [*folders, *(f"{name}: {text}" for name, condition in conditions.items() for text in condition.loose)],
        "unrecorded": [name for name, condition in conditions.items() if not condition.recorded],
    }
