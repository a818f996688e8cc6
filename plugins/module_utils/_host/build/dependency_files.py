"""Which file of an application lists its dependencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import (
    EXPORTS,
    ORDER,
    PYLOCK,
    PYPROJECT,
    REQUIREMENTS,
    UV_LOCK,
    kind_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

# What an application has instead, and what to do about it.
_CLUES = (
    ("Pipfile", "a Pipfile, which is no lock: run pipenv lock, then pipenv requirements --hash > requirements.txt"),
    ("setup.py", "a setup.py: list its install_requires in a requirements.txt, or in [project] of a pyproject.toml"),
    ("setup.cfg", "a setup.cfg: list its install_requires in a requirements.txt, or in [project] of a pyproject.toml"),
    ("environment.yml", "an environment.yml of conda: list its Python packages in a requirements.txt"),
    ("environment.yaml", "an environment.yaml of conda: list its Python packages in a requirements.txt"),
)
_IN_FOLDERS = ("requirements/*.txt", "requirements-*.txt", "requirements_*.txt", "requirements.in", "deps/*.txt")
_SHOWN = 5  # files that a message names


@dataclass(frozen=True)
class DependencyOptions:
    """What an application's entry says of its dependencies.

    Attributes:
        file: the path, in the application's folder, of the file that lists them; None takes the first of ORDER.
        extras: optional dependencies to install.
        groups: dependency groups to install.
    """

    file: str | None = None
    extras: Sequence[str] = ()
    groups: Sequence[str] = ()


NO_OPTIONS = DependencyOptions()


@dataclass(frozen=True)
class Candidates:
    """The files of an application that can list its dependencies.

    Attributes:
        tree: the application's folder.
        where: what messages call it.
        uv_lock: whether a uv.lock is there, in the tree or at the root of its workspace.
        pyproject: the tables of its pyproject.toml; empty if it has none.
        live: the file that the live release was built from; "" if its record does not say, None if nothing is live.
    """

    tree: Path
    where: str
    uv_lock: bool
    pyproject: Mapping[str, Json]
    live: str | None = None

    def choose(self, requested: str | None) -> str:
        """Return the path of the file that is used: the one that the entry names, or the first of ORDER.

        Raises:
            DeployError: there is none, or none that is read; names what is there, and what to do.
        """
        if requested is None:
            present = [name for name in ORDER if self._has(name)]
            if not present:
                raise DeployError(f"{self.where} {self._others()}")
            _refuse_change(present[0], present, self.where, self.live)
        elif not self._has(requested):
            files = [name for name in (*ORDER, *_unusual(self.tree)) if name != requested and self._has(name)]
            has = f"; it has {', '.join(files[:_SHOWN])}" if files else ""
            raise DeployError(f"requirements: found {requested!r}, which {self.where} does not have{has}")
        chosen = requested or present[0]
        if command := EXPORTS.get(kind_of(chosen)):
            past = f"; requirements: {PYPROJECT} ignores the lock" if self._has(PYPROJECT) else ""
            raise DeployError(
                f"{self.where} has a {chosen}, which is not read here. Run {command}, commit that file, and write "
                f"requirements: {REQUIREMENTS}{past}"
            )
        return chosen

    def _has(self, name: str) -> bool:
        if name == PYPROJECT:
            return "project" in self.pyproject
        return self.uv_lock if name == UV_LOCK else untrusted_files.find(self.tree, name) is not None

    def _others(self) -> str:
        """Return what the tree has instead of a file of ORDER, and what to do."""
        if files := _unusual(self.tree):
            return f"has {', '.join(files[:_SHOWN])}; write which one to use, as in requirements: {files[0]}"
        tools = self.pyproject.get("tool")
        if isinstance(tools, dict) and "poetry" in tools:
            return (
                "has a pyproject.toml of poetry without a [project] table; run poetry lock and "
                f"{EXPORTS['poetry.lock']}, commit that file, and write requirements: {REQUIREMENTS}"
            )
        for name, clue in _CLUES:
            if untrusted_files.find(self.tree, name):
                return f"has {clue}"
        return (
            "holds no uv.lock, pylock.toml, requirements.txt or pyproject.toml with a [project] table at its top; "
            "add one that lists what the application needs, fastapi for example"
        )


def _refuse_change(chosen: str, present: Sequence[str], where: str, live: str | None) -> None:
    """Refuse another file than the live release was built from, unless the entry names it.

    Earlier versions read neither of the locks but uv.lock, and kept no record of the file.
    """
    before = live
    if live == "" and chosen == PYLOCK:
        before = next((name for name in (REQUIREMENTS, PYPROJECT) if name in present), None)
    if before and before != chosen and before in present:
        raise DeployError(
            f"{where} has a {chosen} and a {before}, and its live release was built from {before}; write which one to "
            f"use, as in requirements: {chosen}"
        )


def _unusual(tree: Path) -> list[str]:
    """Return requirements files that have other names, by their paths in the tree."""
    found: list[str] = []
    for pattern in _IN_FOLDERS:
        paths = (path.relative_to(tree).as_posix() for path in sorted(tree.glob(pattern))[:50] if not path.is_symlink())
        found += [name for name in paths if untrusted_files.find(tree, name)]
    return found


def refuse_choices(options: DependencyOptions, file: str, where: str) -> None:
    """Refuse extras and dependency groups where a file has none.

    Raises:
        DeployError: the entry asks for some.
    """
    for option, values in (("extras", options.extras), ("dependency_groups", options.groups)):
        if values:
            raise DeployError(
                f"{option}: found {', '.join(values)}, but {where} lists what it needs in {file}, "
                f"which has none; leave {option} out, or add a uv.lock"
            )
