"""Additions to the source of a release: files, links to what outlives it, and files that nginx serves."""

from __future__ import annotations

import base64
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import AdditionsEntry

# Files by which git keeps a directory that is empty otherwise.
PLACEHOLDERS = {".gitkeep", ".gitignore", ".keep"}

PUBLIC = "public"


@dataclass(frozen=True)
class Additions:
    """What is added to the tree `release`/src, and to `release`/public from it.

    Attributes:
        files: contents, by path in the tree; readable by the application.
        links: directories and files that outlive the release, by path in the tree.
        static: folders of the tree, by the beginning of their URLs; readable by nginx.
    """

    files: Mapping[str, bytes]
    links: Mapping[str, str]
    static: Mapping[str, str]

    @classmethod
    def from_options(cls, entry: AdditionsEntry) -> Additions:
        """Return the additions that an option describes, where contents are in Base64."""
        files = {path: base64.b64decode(content) for path, content in entry["files"].items()}
        return cls(files, entry["links"], entry["static"])

    def check(self, tree: Path) -> None:
        """Raise DeployError if the source has something of its own in their places; change nothing."""
        for path in (*self.files, *self.links):
            for parent in list(Path(path).parents)[:-1]:
                _expect_folder(tree, parent, path)
        for path in self.files:
            if (tree / path).is_dir() and not (tree / path).is_symlink():
                raise DeployError(f"files: {path} is a directory of the source; give the file another place")
        for path, target in self.links.items():
            if (tree / path).is_file() and not (tree / path).is_symlink():
                raise DeployError(
                    f"storage or cache: the source has a file {path}, which the stored one would hide; remove it from "
                    "the source, as by git rm --cached, and have the application create it"
                )
            if stored := self._stored_before(target):
                raise DeployError(
                    f"storage or cache: {path} is a file by its name, but {Path(target).parent} holds {stored} from "
                    f"before; write {path}/ for a folder, or move what is in it"
                )
            if hidden := sorted(_contents(tree / path))[:3]:
                raise DeployError(
                    f"storage or cache: the source has files of its own in {path}, such as {', '.join(hidden)}, "
                    "which a persistent directory would hide; move one of the two"
                )

    def _stored_before(self, target: str) -> str | None:
        """Return what a directory holds that was stored as a whole, and is now to hold one file; None if nothing."""
        folder, name = Path(target).parent, Path(target).name
        if folder.name != name or any(Path(other).parent == folder for other in self.links.values() if other != target):
            return None
        try:
            with os.scandir(folder) as entries:
                return next((entry.name for entry in entries if not entry.name.startswith(name)), None)
        except OSError:
            return None

    def install(self, tree: Path, group: str) -> None:
        """Write files and links, instead of what the source has in their places."""
        self._write(tree, group)
        for path, target in self.links.items():
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_symlink():
                place.unlink()
            elif place.exists():
                shutil.rmtree(place)  # empty, except for a placeholder
            place.symlink_to(target)

    def is_intact(self, release: Path) -> bool:
        """Return whether all of them are on disk as they must be."""
        tree = release / "src"
        return (
            not self._stale(tree)
            and all(_target(tree / path) == target for path, target in self.links.items())
            and all((tree / folder).is_dir() for folder in self.static.values())
            and all(_same(public, file) for public, file in self._published(release))
        )

    def repair(self, release: Path, group: str) -> None:
        """Restore what is missing or was changed in a tree where all of them were installed."""
        tree = release / "src"
        self._write(tree, group)
        for path, target in self.links.items():
            if _target(tree / path) != target:
                (tree / path).unlink(missing_ok=True)
                (tree / path).symlink_to(target)
        self._publish(release)

    def _publish(self, release: Path) -> None:
        """Provide the files that nginx serves: each under a second name, in directories that are open to all."""
        for public, file in self._published(release):
            if not _same(public, file):
                public.parent.mkdir(parents=True, exist_ok=True)
                file.chmod(0o644)
                public.unlink(missing_ok=True)
                os.link(file, public)

    def _write(self, tree: Path, group: str) -> None:
        for path in self._stale(tree):
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            write(tree / path, self.files[path], 0o640, group=group)

    def _stale(self, tree: Path) -> list[str]:
        return [path for path, content in self.files.items() if not holds(tree / path, content)]

    def _published(self, release: Path) -> Iterator[tuple[Path, Path]]:
        """Yield each file that nginx serves: its public path, and its path in the tree."""
        for prefix, folder in self.static.items():
            top = release / "src" / folder
            if not top.is_dir() or not top.resolve().is_relative_to((release / "src").resolve()):
                raise DeployError(f"static: {prefix} is to be served from {folder}, which is no folder of the source")
            for file in _public_files(top, prefix):
                yield release / PUBLIC / prefix.strip("/") / file.relative_to(top), _real(file, top, prefix)


def _public_files(top: Path, prefix: str) -> Iterator[Path]:
    """Yield the files that everyone may read, without hidden and compiled ones."""
    for folder, folders, files in os.walk(top):
        for name in folders:
            if Path(folder, name).is_symlink():
                raise DeployError(f"static: {prefix} holds a link to a directory, {name}; only files may be links")
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        yield from (Path(folder, name) for name in files if not name.startswith("."))


def _real(file: Path, top: Path, prefix: str) -> Path:
    """Return the file itself, or the target of a link; that must be public as well."""
    real = file.resolve()
    inner = real.relative_to(top.resolve()).parts if real.is_relative_to(top.resolve()) else (".",)
    if any(part.startswith(".") for part in inner) or not real.is_file():
        raise DeployError(f"static: {prefix} holds {file.name}, a link to a file that is not public; remove it")
    return real


def _expect_folder(tree: Path, parent: Path, path: str) -> None:
    place = tree / parent
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        kind = "link" if place.is_symlink() else "file"
        raise DeployError(f"{path} cannot be put into the tree: {parent} is a {kind} of the source")


def _contents(place: Path) -> list[str]:
    """Return the files that a link in this place would hide."""
    if place.is_symlink():
        return []
    return [name for _folder, _folders, files in os.walk(place) for name in files if name not in PLACEHOLDERS]


def holds(path: Path, content: bytes) -> bool:
    """Return whether a file, and not a link, has this content."""
    try:
        return not path.is_symlink() and path.read_bytes() == content
    except OSError:
        return False


def _target(path: Path) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _same(public: Path, file: Path) -> bool:
    """Return whether both are names of one file that everyone may read."""
    try:
        shown, original = public.lstat(), file.lstat()
    except OSError:
        return False
    same = (shown.st_dev, shown.st_ino) == (original.st_dev, original.st_ino)
    return same and stat.S_IMODE(shown.st_mode) == 0o644
