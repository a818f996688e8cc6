"""Whether an application's releases and environments are as they were made, by manifests that only root has."""

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
_FOLDER_MODE = 0o755  # of what holds releases and environments: nginx has to get through
_KEY_MODE = 0o600
_UNIT_KINDS = {".service", ".socket", ".timer", ".target"}


@dataclass(frozen=True)
class Condition:
    """What has become of a release with its environment, or of an environment.

    Attributes:
        damage: what only another generation puts right, as texts; empty for one that is whole.
        loose: what differs in owner or mode only, and is put right in place, as texts.
        recorded: whether there is a manifest to tell by.
    """

    damage: Sequence[str] = field(default_factory=list)
    loose: Sequence[str] = field(default_factory=list)
    recorded: bool = True


class Integrity:
    """The manifests of one application, and what they tell. What was found of a tree is kept until it is put right.

    With `verify` the contents of all files are compared as well.
    """

    def __init__(self, store: Store, verify: bool = False) -> None:
        self.store = store
        self._verify = verify
        self._folder = Path(store.layout.manifests)
        self._found: dict[tuple[str, str], Differences | None] = {}
        self._touched = set[tuple[str, str]]()  # what is as it was made, although lstat says something else

    def release(self, release: str) -> Condition:
        """The condition of a release, its environment included."""
        venv = self.store.record(release).get("venv")
        own, of_venv = self._condition(RELEASES, release), self.venv(venv) if venv else Condition()
        return Condition(
            [*own.damage, *of_venv.damage], [*own.loose, *of_venv.loose], own.recorded and of_venv.recorded
        )

    def venv(self, venv: str) -> Condition:
        """The condition of an environment."""
        return self._condition(VENVS, venv)

    def folders(self) -> list[str]:
        """What is wrong with the folders that hold it all, and with the key of names there, as texts."""
        return [text for text, _path, _mode in self._folders()]

    def known(self) -> set[str]:
        """The releases that have a manifest, on disk or not."""
        return self._known(RELEASES)

    def known_venvs(self) -> set[str]:
        """The environments that have one."""
        return self._known(VENVS)

    @contextmanager
    def recording(self, release: str, venv: str) -> Iterator[None]:
        """Record a release that has just been made, and its environment if that is new, while the block runs."""
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(self._record, RELEASES, release)]
            if venv not in self.known_venvs():
                done.append(pool.submit(self._record, VENVS, venv))
            yield
            for one in done:
                one.result()

    def adopt(self) -> list[str]:
        """Record releases and environments that have no manifest yet, as they are; return which releases these are."""
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
        """Take what lstat says of all that was found to be as it was made, such as after a restore from a backup."""
        for kind, name in sorted(self._touched):
            self._renew(kind, name)
        self._touched.clear()

    def repair(self) -> None:
        """Give everything its owner and its mode again."""
        for _text, path, mode in list(self._folders()):
            os.chown(path, 0, 0)
            path.chmod(mode)
        for release in self.store.on_disk():
            record = self.store.record(release)
            self._repair(RELEASES, release)
            if venv := record.get("venv"):
                self._repair(VENVS, venv)

    def mark(self, conditions: Mapping[str, Condition]) -> None:
        """Note in the records of releases which of them are damaged."""
        for release, condition in conditions.items():
            if (self.store.record(release).get("damaged") or []) != list(condition.damage):
                self.store.note(release, damaged=list(condition.damage))

    def forget_removed(self, serving: Collection[str]) -> None:
        """Remove the manifests of what is gone and needed no more.

        Args:
            serving: the releases whose server runs: a name is not used again before that has ended.
        """
        there = {*self.store.on_disk(), *self.store.named(), *serving}
        for release in self.known() - there:
            self._path(RELEASES, release).unlink(missing_ok=True)
        used = {one.venv for one in self.store.kept()}  # one that is missing is damage as long as a release needs it
        for venv in self.known_venvs() - {*self.store.venvs(), *used}:
            self._path(VENVS, venv).unlink(missing_ok=True)

    def _condition(self, kind: str, name: str) -> Condition:
        found = self._differences(kind, name)
        if found is None:
            return Condition(recorded=False)
        whose = "environment" if kind == VENVS else ""
        return Condition(
            [shortened(found.damage, whose)] if found.damage else [],
            [shortened(found.texts, whose)] if found.texts else [],
        )

    def _differences(self, kind: str, name: str) -> Differences | None:
        """How a tree differs from its manifest; nothing where it has none."""
        if (kind, name) not in self._found:
            self._found[kind, name] = self._compare(kind, name)
        return self._found[kind, name]

    def _compare(self, kind: str, name: str) -> Differences | None:
        try:
            text = self._path(kind, name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None if self._tree(kind, name).top.is_dir() else Differences(("it is missing",))
        tree = self._tree(kind, name)
        found = tree.read()
        try:
            if not self._verify and manifests.unchanged(text.partition("\n")[0], found, _user, _group):
                return Differences()
            manifest = manifests.decode(text)
        except (ValueError, TypeError, KeyError):
            return Differences((f"its manifest {self._path(kind, name)} cannot be read",))
        differences = manifests.compare(manifest.renumbered(_user, _group), found, tree.content, self._verify)
        if differences == Differences():
            self._touched.add((kind, name))
        return differences

    def _record(self, kind: str, name: str, adopted: bool = False) -> None:
        self._write(kind, name, manifests.recorded(self._tree(kind, name), adopted))

    def _adopt(self, kind: str, name: str) -> None:
        if not self._path(kind, name).exists():
            self._record(kind, name, adopted=True)

    def _repair(self, kind: str, name: str) -> None:
        found = self._differences(kind, name)
        if not found or not found.loose:
            return
        tree = self._tree(kind, name)
        manifests.put_right(tree, found.loose)
        del self._found[kind, name]
        self._differences(kind, name)

    def _renew(self, kind: str, name: str) -> None:
        """Write down what lstat says now of what is as it was made, so that it need not be read the next time."""
        path, found = self._path(kind, name), self._tree(kind, name).read()
        manifest = manifests.decode(path.read_text(encoding="utf-8")).renumbered(_user, _group)
        if manifest.entries.keys() <= found.keys():
            write(path, manifests.encode(manifest.renewed(found), found).encode(), 0o600)

    def _write(self, kind: str, name: str, manifest: Manifest) -> None:
        path = self._path(kind, name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(exist_ok=True)
        write(path, manifests.encode(manifest).encode(), 0o600)
        self._found.pop((kind, name), None)

    def _path(self, kind: str, name: str) -> Path:
        return self._folder / kind / f"{name}.json"

    def _known(self, kind: str) -> set[str]:
        return {path.name.removesuffix(".json") for path in (self._folder / kind).glob("[!.]*.json")}

    def _tree(self, kind: str, name: str) -> Tree:
        layout = self.store.layout
        if kind == VENVS:
            return Tree(Path(layout.venvs, name), passed_over=lambda path: path == ".lock")  # of uv
        files = [path for pattern in ("@", ".*@") for path in Path(UNITS).glob(f"asgi-{layout.app}{pattern}{name}.*")]
        units = sorted(path for path in files if path.name.endswith(tuple(f"@{name}{kind}" for kind in _UNIT_KINDS)))
        return Tree(self.store.path(name), units, _of_its_life)

    def _folders(self) -> Iterator[tuple[str, Path, int]]:
        layout = self.store.layout
        modes = dict.fromkeys((layout.root, layout.home, layout.releases, layout.venvs), _FOLDER_MODE)
        for path, wanted in {**modes, layout.names_key: _KEY_MODE}.items():
            try:
                found = os.stat(path)
            except FileNotFoundError:
                continue
            mode = stat.S_IMODE(found.st_mode)
            if mode != wanted:
                yield f"{path} has mode {mode:04o} instead of {wanted:04o}", Path(path), wanted
            elif (found.st_uid, found.st_gid) != (0, 0):
                yield f"{path} is owned by {found.st_uid}:{found.st_gid} instead of 0:0", Path(path), wanted


def _of_its_life(name: str) -> bool:
    """Whether a name in a release's folder is of what comes and goes with it: its socket, and its record."""
    return name in ("app.sock", RECORD) or name.startswith(f".{RECORD}.")


def _user(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


def _group(name: str) -> int:
    return grp.getgrnam(name).gr_gid


def summarize(conditions: Mapping[str, Condition], folders: Sequence[str]) -> DamageReport:
    """Return what is told of releases, each by its name, and of the folders that hold them.

    `damage` is what only another generation puts right; `loose` are owners and modes, which are put right in place;
    `unrecorded` are the releases that have no manifest yet. What is superseded by a newer generation is left out.
    """
    old = superseded(conditions)
    conditions = {name: one for name, one in conditions.items() if name not in old}
    return {
        "damage": {name: list(one.damage) for name, one in conditions.items() if one.damage},
        "loose": [*folders, *(f"{name}: {text}" for name, one in conditions.items() for text in one.loose)],
        "unrecorded": [name for name, one in conditions.items() if not one.recorded],
    }
