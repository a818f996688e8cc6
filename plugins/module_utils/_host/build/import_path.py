"""The one copy of an application's code that runs: that of its source, completed by what its build has made.

A build copies an application into a folder of packages. Programs that begin in the application's folder import the
source from there, and others would import the copy: files, links and data of one would not be seen by the other. So
what the source has is removed from that folder, what only the build has made moves to its place in the source, and the
folders of the source from which Python imports it come first for each program. What has no place in the source stays
where the build has put it.
"""

from __future__ import annotations

import csv
import filecmp
import io
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import subtable
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

_DEPTH = 4  # of folders in a project, below which no package is looked for
_PASSED_OVER = {"build", "dist", "node_modules", "venv"}  # folders of results, which may hold further copies
_CACHE = "__pycache__"


class Place(NamedTuple):
    """A folder of the source from which Python can import something that was built.

    Attributes:
        folder: from which it is imported.
        same: how many of its files are there as they were built.
        first: whether each program that begins in the application's folder imports it from there.
    """

    folder: Path
    same: int
    first: bool


class Distribution(NamedTuple):
    """What was built of a project of the source.

    Attributes:
        record: the path of its list of files.
        project: the folder of the source from which it was built.
        rows: the list: each with a path first.
    """

    record: Path
    project: Path
    rows: list[list[str]]


def choose_place(places: Iterable[Place]) -> Path | None:
    """Return the folder of which the copy runs; None if that is the one that was built.

    The application's folder is always first. Of others, the one that has most of the files; the first of several.
    """
    known = [*places]
    shadowing = [place.folder for place in known if place.first]
    if shadowing:
        return shadowing[0]
    best = max(known, key=lambda place: place.same, default=None)
    return best.folder if best and best.same else None


def modules_of(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the files of a distribution that can be imported or lie next to such, by the name at their top.

    >>> modules_of(["shop/main.py", "shop/page.html", "bin/shop", "shop-1.0.dist-info/RECORD", "one.py", "../x.py"])
    {'shop': ['shop/main.py', 'shop/page.html'], 'one.py': ['one.py']}
    """
    found: dict[str, list[str]] = {}
    for path in paths:
        first, *others = path.split("/")
        name = first if others else first.partition(".")[0]
        inside = not {"", ".", "..", _CACHE}.intersection((first, *others))
        if inside and name.isidentifier() and first != "bin" and (others or first.endswith(".py")):
            found.setdefault(first, []).append(path)
    return found


def names_of(module: str, pyproject: Mapping[str, Json]) -> list[str]:
    """Return the names at the top of modules that an application is started by: of its entry and its programs.

    The name of the project is none of them: what is imported as `src.shop` must not be found as `shop`, too, next to
    modules with the names of Python's own.

    >>> names_of("shop.main:app", {"project": {"name": "store", "scripts": {"tick": "jobs.tick:main"}}})
    ['shop', 'jobs']
    """
    scripts = [value for value in subtable(pyproject, "project", "scripts").values() if isinstance(value, str)]
    tops = [text.partition(":")[0].partition(".")[0].strip() for text in (module, *scripts)]
    return [*dict.fromkeys(name for name in tops if name.isidentifier())]


def search_path(
    tree: Path, whole: Path, site: Path, folders: Sequence[str], built: Sequence[Path], names: Sequence[str]
) -> list[str]:
    """Return the folders in which each program of a release looks for modules, in their order.

    Args:
        tree: the application's folder, from which programs that begin there import first.
        whole: the repository.
        site: the folder of packages of the release; it may be absent.
        folders: those of the application's entry, relative to its folder.
        built: those from which packages of the source are imported.
        names: of modules; where only the folder `src` has one of them, it is searched, too.
    """
    tree = tree.resolve()
    path = [tree, *(tree / folder for folder in folders), *built, *([site] if site.is_dir() else [])]
    inner = (tree / "src").resolve()
    if inner.is_dir() and inner.is_relative_to(whole.resolve()):
        missing = [name for name in names if not any(_has(folder, name) for folder in path)]
        if any(_has(inner, name) for name in missing):
            path.insert(1 + len(folders), inner)
    return [*dict.fromkeys(map(str, path))]


def unite(packages: Path, tree: Path, whole: Path, keep: bool = False) -> list[Path]:
    """Leave one copy of what was built from the source; return the folders from which it is imported.

    No program may run in the source at that time.

    Args:
        packages: a folder of installed packages.
        tree: the application's folder.
        whole: the repository, of which the tree is a folder; nothing outside is changed.
        keep: whether the packages stay as they are, since other builds of the same release use them.

    Raises:
        DeployError: what was built cannot be read, or its place in the source leads elsewhere.
    """
    folders = []
    for built in _built_from(packages, whole):
        moved: dict[str, str] = {}
        paths = [row[0] for row in built.rows if _is_file(packages, row[0])]
        for name, files in modules_of(paths).items():
            if folder := choose_place(_places(packages, name, files, built.project, tree.resolve())):
                _complete(packages, folder, files, whole.resolve(), keep)
                moved |= {path: os.path.relpath(folder / path, packages) for path in files}
                folders.append(folder)
        if moved and not keep:
            _remove_empty(packages, moved)
            rows = [[moved.get(row[0], row[0]), *row[1:]] for row in built.rows if _CACHE not in row[0].split("/")]
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            write(built.record, text.getvalue().encode(), 0o644)
    return [*dict.fromkeys(folder for folder in folders if folder != tree.resolve())]


def _has(folder: Path, name: str) -> bool:
    """Return whether a folder has a module of this name, and not only a folder of other files."""
    return (folder / f"{name}.py").is_file() or any((folder / name).glob("*.py"))


def _is_file(packages: Path, path: str) -> bool:
    """Return whether a regular file is at a path that a list of files names, and no link is on the way."""
    file = packages / path
    try:
        return stat.S_ISREG(file.lstat().st_mode) and file.resolve() == packages.resolve() / path
    except (OSError, ValueError):
        return False


def _built_from(packages: Path, whole: Path) -> Iterator[Distribution]:
    """Yield what was built of folders of the source; packages of elsewhere and editable ones are none of it."""
    for info in sorted(packages.glob("*.dist-info")):
        origin = untrusted_files.read_text(packages, f"{info.name}/direct_url.json")
        record = untrusted_files.read_text(packages, f"{info.name}/RECORD")
        if origin is None or record is None:
            continue
        try:
            about = json.loads(origin)
            rows = [row for row in csv.reader(io.StringIO(record)) if row]
            editable = dict(about["dir_info"]).get("editable")
            url = urlsplit(about["url"])
        except (ValueError, TypeError, KeyError, RecursionError, csv.Error):
            continue  # of an archive, or of nothing that an installer writes
        project = Path(unquote(url.path)).resolve()
        if url.scheme == "file" and not editable and project.is_relative_to(whole.resolve()):
            yield Distribution(info / "RECORD", project, rows)


def _places(packages: Path, name: str, files: Sequence[str], project: Path, tree: Path) -> Iterator[Place]:
    """Yield the folders of the source that have something of this name, until one has all of its files."""
    if _is_module(tree / name):
        yield Place(tree, 0, True)
        return
    for folder in _folders_with(project, name):
        same = sum(_same(packages / path, folder / path) for path in files)
        yield Place(folder, same, False)
        if same == len(files):
            return


def _is_module(path: Path) -> bool:
    """Return whether Python takes a path for a module, or for a package that is no namespace."""
    return path.is_file() or (path / "__init__.py").is_file()


def _folders_with(project: Path, name: str) -> Iterator[Path]:
    """Yield the folders of a project that have something of a name, first those where projects keep their packages."""
    usual = [project, project / "src"]
    yield from (folder.resolve() for folder in usual if (folder / name).exists())
    for top, folders, files in os.walk(project):
        folder = Path(top)
        if len(folder.relative_to(project).parts) >= _DEPTH:
            folders.clear()
        folders[:] = sorted(entry for entry in folders if not entry.startswith(".") and entry not in _PASSED_OVER)
        if folder not in usual and (name in folders or name in files):
            yield folder


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:  # there is none
        return False


def _complete(packages: Path, folder: Path, files: Iterable[str], whole: Path, keep: bool) -> None:
    """Put files that were built in their places in a folder of the source, where these differ."""
    owner = whole.stat()  # of builds, which may go on
    for path in files:
        file, place = packages / path, folder / path
        if not _same(file, place):
            _make_folders(place.parent, whole, owner)
            if place.is_dir() and not place.is_symlink():
                raise DeployError(f"the build has made {path}, which is a folder of the source; rename one of the two")
            place.unlink(missing_ok=True)
            shutil.copyfile(file, place)
            shutil.copystat(file, place)
            os.chown(place, owner.st_uid, owner.st_gid)
        if not keep:
            file.unlink()


def _make_folders(folder: Path, whole: Path, owner: os.stat_result) -> None:
    """Create a folder of the source with those that contain it.

    Raises:
        DeployError: a link of the source leads out of it, or something else is in the place.
    """
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = folder.parent
    if not folder.is_dir() or not folder.resolve().is_relative_to(whole):
        raise DeployError(f"the build has made files in {folder.name}, which is no folder of the source; rename it")
    for each in reversed(missing):
        each.mkdir(0o755)
        os.chown(each, owner.st_uid, owner.st_gid)


def _remove_empty(packages: Path, paths: Iterable[str]) -> None:
    """Remove folders from which all files were moved, and what was compiled of these."""
    parents = {packages / parent for path in paths for parent in Path(path).parents}
    for folder in sorted(parents, key=lambda each: len(each.parts), reverse=True):
        compiled = folder / _CACHE
        if compiled.is_dir() and not compiled.is_symlink() and not any(folder.glob("*.py")):
            shutil.rmtree(compiled)
        if folder != packages and not any(folder.iterdir()):
            folder.rmdir()
