"""Indexes that have some distributions each: what is bound to one is installed from it, and never from another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import entries, hashed, normalised

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Installer
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import PackageIndexEntry

_LINE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(@)?\s*(?:==\s*([^\s;\\,]+))?")


@dataclass(frozen=True)
class BoundIndex:
    """An index, and the distributions that come from nowhere else.

    Attributes:
        name: what messages and variables call it.
        url: its address.
        packages: normalised names that its entry binds to it.
        username: the name to log in with; empty for none.
        password: the password or token.
    """

    name: str
    url: str
    packages: frozenset[str] = frozenset()
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_entry(cls, entry: PackageIndexEntry) -> BoundIndex:
        """Return the index that an option describes."""
        names = frozenset(map(normalised, entry["packages"]))
        return cls(entry["name"], entry["url"], names, entry["username"] or "", entry["password"] or "")

    @property
    def uv(self) -> dict[str, str]:
        """Return variables by which uv asks this index and no other, whatever a file of settings says."""
        # A name of its own, as uv has the password of the main index by that one's name.
        name = f"bound-{self.name}"
        variable = re.sub(r"[^A-Z0-9]", "_", name.upper())
        login = {f"UV_INDEX_{variable}_USERNAME": self.username, f"UV_INDEX_{variable}_PASSWORD": self.password}
        return {
            **{"UV_INDEX": f"{name}={self.url}", "UV_DEFAULT_INDEX": self.url, "UV_INDEX_STRATEGY": "first-index"},
            **{"UV_INDEX_URL": "", "UV_EXTRA_INDEX_URL": "", "UV_FIND_LINKS": "", "UV_BUILD_CONSTRAINT": ""},
            "UV_NO_CONFIG": "1",
            **(login if self.username else {}),
        }


@dataclass(frozen=True)
class BoundGroup:
    """Requirements that are installed from one index."""

    index: BoundIndex
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Binding:
    """Which requirements come from which index.

    Attributes:
        groups: requirements of each index that has some.
        absent: normalised names that are bound to an index and that no requirement names.
    """

    groups: tuple[BoundGroup, ...] = ()
    absent: tuple[str, ...] = ()

    def constraints(self, installed: Mapping[str, str]) -> str:
        """Return lines of constraints, by which no other index can have what is bound.

        Args:
            installed: versions by normalised name, after the groups were installed.
        """
        names = [name for group in self.groups for line in group.lines if (name := _parse(line)[0])]
        kept = [f"{name}=={installed[name]}\n" for name in dict.fromkeys(names) if name in installed]
        return "".join([*kept, *map(_never, self.absent)])


def bind(
    text: str, indexes: Sequence[BoundIndex], registries: Mapping[str, str], automatic: bool, where: str
) -> Binding:
    """Return which requirements come from which index.

    Args:
        text: the requirements of an application.
        indexes: those of its entry.
        registries: the index of a distribution, as name==version, that its lock takes from one that its project names.
        automatic: whether an index of the project counts that its entry does not have.
        where: the file of the requirements.

    Raises:
        DeployError: its lock takes a distribution from another index than the entry says.
    """
    of_name = {name: index for index in indexes for name in index.packages}
    of_url = {_address(index.url): index for index in indexes}
    lines: dict[BoundIndex, list[str]] = {}
    named = set()
    for line in entries(text):
        name, version, is_url = _parse(line)
        named.add(name)
        if is_url or not name:
            continue
        locked = registries.get(f"{name}=={version}")
        index = of_name.get(name)
        if index and locked and _address(locked) != _address(index.url):
            raise DeployError(
                f"package_indexes: {index.name} binds {name} to {index.url}, but {where} takes it from "
                f"{locked}; write which one counts: change the entry, or [tool.uv.sources] and run uv lock"
            )
        if locked and not index:
            index = of_url.get(_address(locked))
            if index is None and automatic:
                index = of_url[_address(locked)] = BoundIndex(f"lock{len(of_url)}", locked)
        if index:
            lines.setdefault(index, []).append(line)
    groups = tuple(BoundGroup(index, tuple(found)) for index, found in lines.items())
    return Binding(groups, tuple(sorted(set(of_name) - named)))


@contextmanager
def explained(binding: Binding) -> Iterator[None]:
    """Say of a failed installation that what it lacks is bound to an index, where that is so.

    Raises:
        DeployError: the installation failed.
    """
    try:
        yield
    except DeployError as error:
        names = [name for name in binding.absent if re.search(rf"\b{re.escape(name)}\b", normalised(str(error)))]
        if not names:
            raise
        raise DeployError(
            f"{error}\npackage_indexes: {', '.join(names)} must come from the index that it is bound to, and the "
            "requirements do not list it; add it to them"
        ) from error


def build_constraints(indexes: Sequence[BoundIndex]) -> str:
    """Return lines of constraints for what builds need: nothing that is bound comes from the main index."""
    return "".join(map(_never, sorted({name for index in indexes for name in index.packages})))


def install_bound(venv: Path, installer: Installer, binding: Binding, folder: Path, wheels: Sequence[str]) -> None:
    """Install what is bound to an index from that one, each without what it needs in its turn.

    Args:
        venv: the virtual environment.
        installer: of the application.
        binding: which requirements come from which index.
        folder: for files that the installer reads.
        wheels: arguments by which nothing is built; none if builds are allowed.

    Raises:
        DeployError: the installer cannot do that, or an index does not have what is bound to it.
    """
    if (binding.groups or binding.absent) and installer.name != "uv":
        raise DeployError("package_indexes: are read by uv only, which cannot be installed on this host")
    for number, group in enumerate(binding.groups):
        text = "".join(f"{line}\n" for line in group.lines)
        file = folder / f"bound{number}.txt"
        file.write_text(text, encoding="utf-8")
        strict = ["--require-hashes"] if hashed(text) else []
        installer.install(venv, "--no-deps", *strict, *wheels, "-r", str(file), cwd=folder, env=group.index.uv)


def _parse(line: str) -> tuple[str, str, bool]:
    """Return the normalised name of a requirement, its exact version, and whether it names a URL."""
    match = _LINE.match(line)
    return (normalised(match[1]), match[3] or "", bool(match[2])) if match else ("", "", False)


def _never(name: str) -> str:
    """Return the constraint that no version of a distribution meets."""
    return f"{name}<0.dev0\n"


def _address(url: str) -> str:
    return url.rstrip("/").lower()
