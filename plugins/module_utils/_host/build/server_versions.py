"""Whether the server works with the versions that an application has itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements, included_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import (
    EXPORTS,
    PYLOCK,
    PYPROJECT,
    UV_LOCK,
    kind_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import entries
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_lines import lines
from ansible_collections.asgi.deploy.plugins.module_utils._shared.server_versions import (
    LEAST,
    Unfit,
    unfit_requirement,
    unfit_version,
)

_CONSTRAINTS = re.compile(r"(?:-c|--constraint)[ =]?\s*(?:\./)?(\S+)")


@dataclass(frozen=True)
class ServerVersions:
    """What serves an application, to compare it with the versions that the application has itself.

    Attributes:
        server: its kind.
        needed: normalised names of its distributions.
        where: what messages call the application.
        source: the file that lists what the application needs.
    """

    server: str
    needed: frozenset[str]
    where: str
    source: str

    def check_requirements(self, requirements: Requirements, tree: Path, whole: Path) -> None:
        """Refuse requirements that are too old for the server, before anything is built.

        Raises:
            DeployError: one of them; names its line, and what to write instead.
        """
        for place, line in _requirements(requirements, tree, whole):
            if unfit := unfit_requirement(line, self.server, self.needed):
                raise DeployError(self._refusal(f"{place} of {self.where} has {unfit.found}", unfit))

    def check_installed(self, installed: Mapping[str, str]) -> None:
        """Refuse what the requirements of the application led to, before its server is installed.

        Args:
            installed: versions, by normalised names.

        Raises:
            DeployError: one of them is too old.
        """
        for name, version in installed.items():
            if unfit := unfit_version(name, version, self.server, self.needed):
                raise DeployError(self._refusal(f"{self.source} of {self.where} leads to {unfit.found}", unfit))

    def _refusal(self, found: str, unfit: Unfit) -> str:
        other = ""
        if self.server == "gunicorn-asgi" and unfit.name == "gunicorn":
            other = f"; or write server: gunicorn, which works with gunicorn>={LEAST['gunicorn']['gunicorn']}"
        return (
            f"{found}, with which server: {self.server} does not work; expected {unfit.expected}: "
            f"{_remedy(kind_of(self.source), unfit)}{other}"
        )


def _remedy(kind: str, unfit: Unfit) -> str:
    if kind == UV_LOCK:
        return (
            f"write {unfit.expected} in the dependencies of pyproject.toml, then run uv lock "
            f"--upgrade-package {unfit.name}"
        )
    if kind in (PYLOCK, *EXPORTS):
        return f"require {unfit.expected}, and lock again"
    if kind == PYPROJECT:
        return f"write {unfit.expected} in the dependencies of pyproject.toml"
    return f"write {unfit.expected}, or leave {unfit.name} out, as the server brings its own"


def _requirements(requirements: Requirements, tree: Path, whole: Path) -> Iterator[tuple[str, str]]:
    """Yield the place of each requirement, and its text. What only constrains others requires nothing."""
    if not requirements.in_place:
        for line in entries(requirements.text):
            yield requirements.source, line
        return
    files = included_files(whole, str(tree.relative_to(whole) / requirements.source))
    constraints = {
        match[1] for text in files.values() for line in lines(text or "") if (match := _CONSTRAINTS.match(line))
    }
    for name, text in files.items():
        if any(name == each or name.endswith(f"/{each}") for each in constraints):
            continue
        for number, line in enumerate((text or "").splitlines(), 1):
            for requirement in entries(line.removesuffix("\\")):
                yield f"line {number} of {name}", requirement
