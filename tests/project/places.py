"""Check that every test has its place: `make lint`.

The folders of tests/unit mirror those of the code. So the test of a module is easy to find, and a new test has one
place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from tests import ROOT
from tests.lab import LabError
from tests.lab.process import run

TESTS = PurePosixPath("tests")
UNIT = TESTS / "unit"
BEHAVIOUR = UNIT / "behaviour"  # tests that span modules
# Folders of code, and those that mirror them. The modules and _module.py are not among them: ansible-test runs
# tests/unit/plugins/modules and module_utils without the part of Ansible that conftest.py imports.
MIRRORS = {
    "plugins/module_utils/_host": UNIT / "host",
    "plugins/module_utils/_shared": UNIT / "shared",
    "plugins/plugin_utils": UNIT / "controller",
    "plugins/action": UNIT / "plugins" / "action",
    "plugins/filter": UNIT / "plugins" / "filter",
    "plugins/lookup": UNIT / "plugins" / "lookup",
    "roles": UNIT / "roles",
    "tests": UNIT / "tooling",
}
PACKAGE = "__init__.py"
NO_PLACE = {PACKAGE, "conftest.py"}  # what may lie in tests and tests/unit themselves


def misplaced(files: Iterable[str]) -> list[str]:
    """Return a message for each test that is out of place.

    Args:
        files: The files of the repository, as paths below its top.
    """
    paths = sorted(PurePosixPath(file) for file in files)
    there, expected = set(paths), places(paths)
    messages = [message for path in paths if (message := error(path, expected))]
    tests = {path for path in paths if is_test(path)}
    folders = {folder for test in tests for folder in test.parents if folder.is_relative_to(UNIT)}
    return messages + [
        f"{folder}: found no {PACKAGE}; expected an empty one, which keeps test files of the same name apart,"
        f" as in {BEHAVIOUR / PACKAGE}"
        for folder in sorted(folders)
        if folder / PACKAGE not in there
    ]


def is_test(path: PurePosixPath) -> bool:
    """Return whether a file is a unit test."""
    return path.is_relative_to(UNIT) and path.match("test_*.py")


def places(paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, PurePosixPath]:
    """Return the modules and packages by the places of their tests."""
    result = {mirror.with_name(f"test_{mirror.name}.py"): source for source, mirror in mirrored(paths)}
    return {place: source for place, source in result.items() if place.parent != UNIT}


def mirrored(paths: Iterable[PurePosixPath]) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """Return the modules and packages that have a mirror, each with its path there."""
    for path in paths:
        for folder, mirror in MIRRORS.items():
            if not path.is_relative_to(folder) or path.is_relative_to(UNIT):
                continue
            below = path.relative_to(folder).parts
            for count in range(len(below)):  # the folder itself, and all packages between it and the file
                yield PurePosixPath(folder, *below[:count]), mirror.joinpath(*map(public, below[:count]))
            if path.suffix == ".py" and not path.name.startswith("__"):
                yield path, mirror.joinpath(*map(public, below)).with_suffix("")


def public(name: str) -> str:
    """Return the name of a file or folder without the underscore that says it is not an API."""
    return name.removeprefix("_")


def error(path: PurePosixPath, expected: Mapping[PurePosixPath, PurePosixPath]) -> str | None:
    """Return what is wrong with the place of a file, or None.

    Args:
        path: A file of the repository.
        expected: The places of tests, from places().
    """
    if path.parent == TESTS and path.name not in NO_PLACE:
        return f"{path}: found no folder; expected one for its purpose, as in tests/project/docs.py"
    if not is_test(path):
        if path.parent == UNIT and path.name not in NO_PLACE:
            return f"{path}: found no folder; expected that of the tests that use it, as in {BEHAVIOUR}/readers.py"
        return None
    if path.is_relative_to(BEHAVIOUR) or any(fits(path, place) for place in expected):
        return None
    result = "no folder" if path.parent == UNIT else f"no module or package that {path.parent} mirrors"
    if elsewhere := [place for place in expected if fits(path, path.with_name(place.name))]:
        right_places = " or ".join(f"{place} for {expected[place]}" for place in elsewhere)
        return f"{path}: found {result}; expected {right_places}"
    return (
        f"{path}: found {result}; expected one that mirrors the code, as in {UNIT}/host/release/test_store.py,"
        f" or {BEHAVIOUR / path.name} if it spans modules"
    )


def fits(test: PurePosixPath, place: PurePosixPath) -> bool:
    """Return whether a test is at a place: it may add words to the name, as test_store_audit.py does
    to test_store.py.
    """
    return test.parent == place.parent and f"{test.stem}_".startswith(f"{place.stem}_")


if __name__ == "__main__":
    try:
        listed = run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]).stdout
    except LabError as failure:
        sys.exit(f"error: {failure}")
    if wrong := misplaced(file for file in listed.split("\0")[:-1] if (ROOT / file).exists()):
        sys.exit("\n".join(wrong))
