"""What a pyproject.toml says of an application."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import DependencyOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


def read_toml(tree: Path, name: str) -> dict[str, Json]:
    """Return the tables of a TOML file of a tree; empty if it is not there.

    Raises:
        DeployError: it cannot be read.
    """
    text = untrusted_files.read_text(tree, name)
    if text is None:
        return {}
    import tomllib  # Python 3.11; imported here so that hosts with an older one can use requirements.txt

    try:
        return cast("dict[str, Json]", tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise DeployError(f"{name} of the application cannot be read: {error}") from error


def read_pyproject(tree: Path) -> dict[str, Json]:
    """Return the tables of a tree's pyproject.toml; empty if it is not there."""
    return read_toml(tree, "pyproject.toml")


def is_package(tree: Path) -> bool:
    """Return whether the application itself is installed: it says how it is built."""
    return "build-system" in read_pyproject(tree)


def subtable(tables: Mapping[str, Json], *names: str) -> Mapping[str, Json]:
    """Return the table at a path of names; empty if there is none."""
    found: Json = dict(tables)
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def string_list(table: Mapping[str, Json], key: str) -> list[str]:
    """Return a list of texts of pyproject.toml; empty if the key is not there.

    Raises:
        DeployError: it is something else.
    """
    found = table.get(key, [])
    texts = [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
    if texts != found:
        raise DeployError(f'pyproject.toml: {key} is no list of texts; write one, as in {key} = ["fastapi"]')
    return texts


def dependencies(pyproject: Mapping[str, Json], options: DependencyOptions, where: str) -> list[str]:
    """Return the requirements of a project, with the extras and dependency groups that an entry asks for.

    Raises:
        DeployError: they cannot be read, or hold for uv with a lock only.
    """
    project = subtable(pyproject, "project")
    dynamic = string_list(project, "dynamic")
    if "dependencies" in dynamic or (options.extras and "optional-dependencies" in dynamic):
        raise DeployError(
            f"{where} has a pyproject.toml with dynamic dependencies, which only a build knows; "
            "add a uv.lock or a requirements.txt"
        )
    needed = [
        *string_list(project, "dependencies"),
        *_of_extras(project, options, where),
        *_of_groups(pyproject, options, where),
    ]
    refuse_sources(pyproject, needed, where)
    return needed


def refuse_sources(pyproject: Mapping[str, Json], needed: list[str], where: str) -> None:
    """Refuse requirements that `[tool.uv.sources]` takes from elsewhere, as no other installer honours it.

    The public index may have another package of the same name.

    Raises:
        DeployError: one of them is there.
    """
    sources = {normalised(name) for name in subtable(pyproject, "tool", "uv", "sources")}
    names = [normalised(match[1]) for item in needed if (match := _NAME.match(item))]
    if found := sorted(sources & set(names)):
        raise DeployError(
            f"{where} takes {', '.join(found)} from [tool.uv.sources] of its pyproject.toml, which only a uv.lock can "
            "fix; run uv lock and commit uv.lock"
        )


def _of_extras(project: Mapping[str, Json], options: DependencyOptions, where: str) -> list[str]:
    """Return what the extras of a project need; one that names others of the same project stands for these."""
    if not isinstance(project.get("optional-dependencies", {}), dict):
        raise DeployError("pyproject.toml: optional-dependencies is no table; write one, with a list for each extra")
    groups = subtable(project, "optional-dependencies")
    optional = {normalised(name): string_list(groups, name) for name in groups}
    own = re.compile(rf"\s*{re.escape(normalised(str(project.get('name'))))}\s*\[([^\]]*)\]\s*")
    needed: list[str] = []
    seen: set[str] = set()
    left = [normalised(extra) for extra in options.extras]
    while left:
        extra = left.pop(0)
        if extra not in optional:
            has = f"it has {', '.join(sorted(optional))}" if optional else "it has none"
            raise DeployError(f"extras: found {extra!r}, which the pyproject.toml of {where} does not have; {has}")
        if extra in seen:
            continue
        seen.add(extra)
        for item in optional[extra]:
            if others := own.fullmatch(normalised_requirement(item)):
                left += [normalised(other.strip()) for other in others[1].split(",")]
            else:
                needed.append(item)
    return needed


def _of_groups(pyproject: Mapping[str, Json], options: DependencyOptions, where: str) -> list[str]:
    """Return what dependency groups need, with the groups that they include."""
    groups = {normalised(name): items for name, items in subtable(pyproject, "dependency-groups").items()}
    needed: list[str] = []
    seen: set[str] = set()
    left = [normalised(group) for group in options.groups]
    while left:
        group = left.pop(0)
        if group in seen:
            continue
        seen.add(group)
        items = groups.get(group)
        if not isinstance(items, list):
            has = f"it has {', '.join(sorted(groups))}" if groups else "it has none"
            raise DeployError(
                f"dependency_groups: found {group!r}, which the pyproject.toml of {where} does not have; {has}"
            )
        for item in items:
            if isinstance(item, str):
                needed.append(item)
            elif isinstance(item, dict) and isinstance(included := item.get("include-group"), str):
                left.append(normalised(included))
            else:
                raise DeployError(
                    f'pyproject.toml: dependency-groups.{group} has {item!r}, expected a requirement as in "fastapi", '
                    'or {include-group = "base"}'
                )
    return needed


def normalised_requirement(requirement: str) -> str:
    """Return a requirement with its name in the normal form, so that two spellings of a name are equal."""
    name = re.match(r"\s*[A-Za-z0-9._-]+", requirement)
    return normalised(name[0].strip()) + requirement[name.end() :] if name else requirement
