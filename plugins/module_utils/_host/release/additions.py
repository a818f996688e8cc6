"""What is added to a release's source: files, links to persistent directories, and what nginx serves by itself."""

from __future__ import annotations

import base64
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

# What developers put into a directory that git would not keep without it.
PLACEHOLDERS = {".gitkeep", ".gitignore", ".keep"}

PUBLIC = "public"


@dataclass(frozen=True)
class Additions:
    """What is added to the tree `release`/src, and to `release`/public from it."""

    files: Mapping[str, bytes]  # path in the tree → content, readable by the application
    links: Mapping[str, str]  # path in the tree → directory that outlives the release
    static: Mapping[str, str]  # beginning of URLs → folder of the tree, readable by nginx

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Additions:
        """From the module's options, where contents are in Base64."""
        files = {path: base64.b64decode(content) for path, content in options["files"].items()}
        return cls(files, options["links"], options["static"])

    def check(self, tree: Path) -> None:
        """Raises DeployError when a source leaves no place for them; changes nothing."""
        for path in (*self.files, *self.links):
            for parent in list(Path(path).parents)[:-1]:
                _expect_folder(tree, parent, path)
        for path in self.files:
            if (tree / path).is_dir() and not (tree / path).is_symlink():
                raise DeployError(f"files: {path} is a directory of the source; give the file another place")
        for path in self.links:
            if hidden := sorted(_contents(tree / path))[:3]:
                raise DeployError(
                    f"storage or cache: the source has files of its own in {path}, such as {', '.join(hidden)}, "
                    "which a persistent directory would hide; move one of the two"
                )

    def install(self, tree: Path, group: str) -> None:
        """Puts files and links in their places, instead of what the source has there."""
        self._write(tree, group)
        for path, target in self.links.items():
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_symlink():
                place.unlink()
            elif place.exists():
                shutil.rmtree(place)  # empty, but for a placeholder
            place.symlink_to(target)

    def is_intact(self, release: Path) -> bool:
        """Whether all of it is on disk as it shall be."""
        tree = release / "src"
        return (
            not self._stale(tree)
            and all(_target(tree / path) == target for path, target in self.links.items())
            and all((tree / folder).is_dir() for folder in self.static.values())
            and all(_same(public, file) for public, file in self._published(release))
        )

    def repair(self, release: Path, group: str) -> None:
        """Puts back what is missing or was changed in a tree where all of it was laid once."""
        tree = release / "src"
        self._write(tree, group)
        for path, target in self.links.items():
            if _target(tree / path) != target:
                (tree / path).unlink(missing_ok=True)
                (tree / path).symlink_to(target)
        self._publish(release)

    def _publish(self, release: Path) -> None:
        """Gives nginx the folders that it serves: each file under a second name, in directories open to all."""
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
        """Each file as nginx shall find it, with the one in the tree."""
        for prefix, folder in self.static.items():
            top = release / "src" / folder
            if not top.is_dir() or not top.resolve().is_relative_to((release / "src").resolve()):
                raise DeployError(f"static: {prefix} is to be served from {folder}, which is no folder of the source")
            for file in _public_files(top, prefix):
                yield release / PUBLIC / prefix.strip("/") / file.relative_to(top), _real(file, top, prefix)


def _public_files(top: Path, prefix: str) -> Iterator[Path]:
    """The files that everybody may have; those that are hidden or compiled are left out."""
    for folder, folders, files in os.walk(top):
        for name in folders:
            if Path(folder, name).is_symlink():
                raise DeployError(f"static: {prefix} holds a link to a directory, {name}; only files may be links")
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        yield from (Path(folder, name) for name in files if not name.startswith("."))


def _real(file: Path, top: Path, prefix: str) -> Path:
    """The file itself, or what it is a link to; that must be public as well."""
    real = file.resolve()
    inner = real.relative_to(top.resolve()).parts if real.is_relative_to(top.resolve()) else (".",)
    if any(part.startswith(".") for part in inner) or not real.is_file():
        raise DeployError(f"static: {prefix} holds {file.name}, a link to nothing that is public; take it out")
    return real


def _expect_folder(tree: Path, parent: Path, path: str) -> None:
    place = tree / parent
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        kind = "link" if place.is_symlink() else "file"
        raise DeployError(f"{path} cannot be put into the tree: {parent} is a {kind} of the source")


def _contents(place: Path) -> list[str]:
    """The files that a link in this place would hide."""
    if place.is_symlink():
        return []
    if place.is_file():
        return [place.name]
    return [name for _folder, _folders, files in os.walk(place) for name in files if name not in PLACEHOLDERS]


def holds(path: Path, content: bytes) -> bool:
    """Whether a file, and no link, has this content."""
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
    """Whether both are names of one file, which everybody may read."""
    try:
        one, other = public.lstat(), file.lstat()
    except OSError:
        return False
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino) and stat.S_IMODE(one.st_mode) == 0o644
