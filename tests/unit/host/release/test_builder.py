"""The name of a release: by the code of its files, and not by their comments."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import NO_STEPS, ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
    BuildStepsEntry,
    PackageIndexEntry,
    PythonArchiveEntry,
    SourceEntry,
)

COMMIT = "a" * 40
SOURCE: SourceEntry = {
    "kind": "git",
    "url": "/x",
    "sha256": None,
    "name": None,
    "requirements": [],
    "subdirectory": None,
    "submodules": False,
    "signers": [],
    "deploy_key": None,
    "known_hosts": [],
    "plain_allowed": False,
}


class Texts(TypedDict, total=False):
    """The files and units of a release."""

    files: dict[str, str]
    units: dict[str, str]
    steps: BuildStepsEntry
    python: str
    archive: PythonArchiveEntry | None


ARCHIVE: PythonArchiveEntry = {
    "url": "https://mirror.example.com/x.tar.gz",
    "sha256": "a1" * 32,
    "version": "3.99.2",
    "machine": "x86_64",
}


def name(home: Path, texts: Texts) -> str:
    """Return the name of a release with these files and units."""
    return builder(home, texts).identify(COMMIT)


def builder(home: Path, texts: Texts) -> ReleaseBuilder:
    """Return the builder of such a release."""
    inputs = ReleaseInputs(
        source=SOURCE,
        version="v1",
        files=texts.get("files", {}),
        environment="",
        tree={"files": {}, "links": {}, "static": {}},
        units=texts.get("units", {}),
        server_requirements=[],
        installer="pip",
        build=[],
        steps=texts.get("steps", NO_STEPS),
        python=texts.get("python", "system"),
        python_archive=texts.get("archive"),
    )
    return ReleaseBuilder(Layout("shop", PurePosixPath(home)), inputs)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"files": {"run.py": "x = 1\n"}}, {"files": {"run.py": '"""Run it."""\n\nx = 1  # why\n'}}, True),
        ({"files": {"run.py": "x = 1\n"}}, {"files": {"run.py": "x = 2\n"}}, False),
        ({"files": {"run.py": "x = 1\n"}}, {"files": {"walk.py": "x = 1\n"}}, False),
        ({"files": {"drain.sh": "#!/bin/sh\ntrue\n"}}, {"files": {"drain.sh": "#!/bin/sh\n# why\n\ntrue\n"}}, True),
        ({"files": {"drain.sh": "#!/bin/sh\ntrue\n"}}, {"files": {"drain.sh": "#!/bin/sh\nfalse\n"}}, False),
        ({"files": {"settings.json": "{}"}}, {"files": {"settings.json": "{ }"}}, False),
        ({"units": {"service": "[Unit]\n"}}, {"units": {"service": "# why\n[Unit]\n"}}, True),
        ({"units": {"service": "[Unit]\n"}}, {"units": {"service": "[Unit]\nAfter=a\n"}}, False),
    ],
)
def test_a_comment_makes_no_other_release(tmp_path: Path, before: Texts, after: Texts, same: bool) -> None:
    assert (name(tmp_path, before) == name(tmp_path, after)) is same


@pytest.mark.parametrize(
    ("steps", "same"),
    [
        ({"network": False}, True),
        ({"commands": [["npm", "ci"]]}, False),
        ({"env": {"NODE_ENV": "production"}}, False),  # builds of packages get it, too
        ({"secrets": {"TOKEN": "hunter2hunter2"}}, False),
    ],
)
def test_what_a_build_is_given_is_a_part_of_the_release(tmp_path: Path, steps: Any, same: bool) -> None:
    assert (name(tmp_path, {}) == name(tmp_path, {"steps": {**NO_STEPS, **steps}})) is same


def test_an_archive_counts_only_where_the_host_has_no_python_of_its_own(tmp_path: Path) -> None:
    """The address of the mirror is no part of what a release is."""
    moved: PythonArchiveEntry = {**ARCHIVE, "url": "https://other.example.com/x.tar.gz"}
    other: PythonArchiveEntry = {**ARCHIVE, "sha256": "b2" * 32}
    assert name(tmp_path, {"archive": ARCHIVE}) == name(tmp_path, {})
    names = [name(tmp_path, {"python": "3.99", "archive": archive}) for archive in (ARCHIVE, moved, other)]
    assert names[0] == names[1]
    assert len({*names, name(tmp_path, {})}) == 3


def test_a_release_without_its_python_is_damaged(tmp_path: Path) -> None:
    damage = builder(tmp_path, {"python": "3.99", "archive": ARCHIVE}).damage("v1-00000000")
    assert "its Python, /opt/asgi/python/cpython-3.99.2-x86_64-a1a1a1a1a1a1a1a1, is not complete" in damage
    assert not [text for text in builder(tmp_path, {}).damage("v1-00000000") if "Python" in text]


def test_what_is_fetched_is_named(tmp_path: Path) -> None:
    assert builder(tmp_path, {"python": "3.99", "archive": ARCHIVE}).describe_python() == (
        "3.99.2, fetched from https://mirror.example.com/x.tar.gz"
    )
    assert builder(tmp_path, {"archive": ARCHIVE}).describe_python() == ""


def test_a_password_is_no_part_of_the_release_and_an_index_is() -> None:
    """Options that an entry does not have leave the identity as it was before they existed."""
    team: PackageIndexEntry = {
        "name": "team",
        "url": "https://x",
        "username": None,
        "password": None,
        "packages": ["a"],
    }
    rest: Any = {"version": "v1", "files": {}, "environment": "", "tree": {}, "units": {}, "server_requirements": []}

    def sources(**options: Any) -> Any:
        return ReleaseInputs(source=SOURCE, installer="uv", build=[], **rest, **options).package_sources

    assert sources() == {"index": None, "wheelhouse": None, "extras": []}
    assert sources(dependency_keys={"git@git.example.com:lib.git": "key"}) == sources()
    bound = sources(package_indexes=[team])
    assert bound == {**sources(), "package_indexes": [["https://x", "a"]]}
    assert sources(package_indexes=[{**team, "password": "hunter22", "name": "other"}]) == bound
