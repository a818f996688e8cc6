"""What an application needs to be installed, as its uv.lock, requirements.txt or pyproject.toml says."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Installer
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised, unhashed
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_lines import (
    included_file,
    lines,
    points_into_tree,
    unprotected_urls,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import EXPLAINED

_MOST_FILES = 200  # that a requirements.txt includes


@dataclass(frozen=True)
class Requirements:
    """What an application needs: the file it was found in, its text, and whether that points into the tree."""

    source: str
    text: str
    local: bool


def included(tree: Path, name: str) -> str:
    """Return the text of a requirements file and of all that it includes, to know when any of them changes.

    What lies elsewhere, as of the host or at a URL, is left to the installer, which runs as a user of its own.

    Raises:
        DeployError: a file is too large, is no regular one, or there are too many.
    """
    return "".join(text or "" for text in included_files(tree, name).values())


def included_files(tree: Path, name: str) -> dict[str, str | None]:
    """Return the text of a requirements file and of each that it includes, by path, in the order of their lines.

    A file that is not in the tree has none.

    Raises:
        DeployError: as :func:`included` does.
    """
    found: dict[str, str | None] = {}
    left = [os.path.normpath(name)]
    while left:
        name = left.pop(0)
        if name in found:
            continue
        if len(found) == _MOST_FILES:
            raise DeployError(f"requirements.txt includes more than {_MOST_FILES} files")
        elsewhere = "://" in name or name.startswith(("/", "../"))
        found[name] = text = None if elsewhere else untrusted_files.read_text(tree, name)
        inner = filter(None, map(included_file, lines(text or "")))
        left = [_included_path(name, other) for other in inner] + left
    return found


def _included_path(name: str, other: str) -> str:
    """Return the path of a file that another one includes."""
    return other if "://" in other else os.path.normpath(os.path.join(os.path.dirname(name), other))


def read_pyproject(tree: Path) -> dict[str, object]:
    """The tables of a tree's pyproject.toml; empty where there is none."""
    text = untrusted_files.read_text(tree, "pyproject.toml")
    if text is None:
        return {}
    import tomllib  # Python 3.11; imported here so that hosts with an older one can use requirements.txt

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DeployError(f"pyproject.toml of the application cannot be read: {error}") from error


def is_package(tree: Path) -> bool:
    """Whether the application is itself to be installed: it says how it is built."""
    return "build-system" in read_pyproject(tree)


def requirements_of(
    tree: Path, installer: Installer, where: str, extras: Sequence[str] = (), whole: Path | None = None
) -> Requirements:
    """What the application in `tree` needs, from the first of uv.lock, requirements.txt and pyproject.toml.

    `whole` is the tree that `tree` is a folder of, where it is one: requirements may include files from there.

    Raises:
        DeployError: there is none of them, or it cannot be read.
    """
    if untrusted_files.find(tree, "uv.lock"):
        text = installer.lock(tree, extras)
        return Requirements("uv.lock", text, points_into_tree(text))
    whole = whole or tree
    requirements_file = str(tree.relative_to(whole) / "requirements.txt")
    if untrusted_files.find(whole, requirements_file):
        if extras:
            raise DeployError(
                f"extras: found {', '.join(extras)}, but {where} lists what it needs in a requirements.txt, "
                "which has none; leave extras out, or add a uv.lock"
            )
        text = included(whole, requirements_file)
        return Requirements("requirements.txt", text, points_into_tree(text))
    table = read_pyproject(tree).get("project")
    if isinstance(table, dict):
        dynamic = string_list(table, "dynamic")
        if "dependencies" in dynamic or (extras and "optional-dependencies" in dynamic):
            raise DeployError(
                f"{where} has a pyproject.toml with dynamic dependencies, which only a build can tell; "
                "add a uv.lock or a requirements.txt"
            )
        needed = [*string_list(table, "dependencies"), *_of_extras(table, extras, where)]
        return Requirements("pyproject.toml", "".join(f"{item}\n" for item in needed), False)
    raise DeployError(
        f"{where} holds no uv.lock, requirements.txt or pyproject.toml with a [project] table at its top; "
        "add one that lists what the application needs, fastapi for example"
    )


def string_list(table: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of texts of pyproject.toml; empty where the key is not there.

    Raises:
        DeployError: it is something else.
    """
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise DeployError(f'pyproject.toml: {key} is no list of texts; write one, as in {key} = ["fastapi"]')
    return found


def _of_extras(table: Mapping[str, Any], extras: Sequence[str], where: str) -> list[str]:
    """What the extras of a project need; one that names others of the same project stands for these."""
    groups = table.get("optional-dependencies", {})
    if not isinstance(groups, dict):
        raise DeployError("pyproject.toml: optional-dependencies is no table; write one, with a list for each extra")
    optional = {normalised(name): string_list(groups, name) for name in groups}
    own = re.compile(rf"\s*{re.escape(normalised(str(table.get('name'))))}\s*\[([^\]]*)\]\s*")
    needed: list[str] = []
    seen: set[str] = set()
    left = [normalised(extra) for extra in extras]
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


def normalised_requirement(requirement: str) -> str:
    """A requirement with its name as all spellings of it have it in common."""
    name = re.match(r"\s*[A-Za-z0-9._-]+", requirement)
    return normalised(name[0].strip()) + requirement[name.end() :] if name else requirement


def check_protection(requirements: Requirements, tree: Path, where: str, hashes: bool, insecure: bool) -> None:
    """Refuse requirements that the application's entry does not allow.

    Args:
        requirements: of the application.
        tree: of the application.
        where: what messages call it.
        hashes: whether each of them must have a hash.
        insecure: whether they may come over a plain transport.

    Raises:
        DeployError: one of them is not allowed; names it, and what to do.
    """
    if hashes:
        _check_hashes(requirements, tree, where)
    if not insecure:
        _check_transports(requirements, where)


def _check_hashes(requirements: Requirements, tree: Path, where: str) -> None:
    """Refuse an application that cannot be installed by hashes alone.

    Raises:
        DeployError: something that would be installed has no hash; names it, and what to do.
    """
    if names := unhashed(requirements.text):
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise DeployError(
            f"require_hashes: {requirements.source} of {where} has no hashes for {', '.join(names[:5])}{more}; "
            "write them with uv lock, or uv pip compile --generate-hashes, or leave require_hashes out"
        )
    if is_package(tree):
        raise DeployError(
            f"require_hashes: {where} has a pyproject.toml with [build-system], and what builds it would be fetched "
            "without hashes; take [build-system] out, as the application is found without being installed, "
            "or leave require_hashes out"
        )


def _check_transports(requirements: Requirements, where: str) -> None:
    """Refuse requirements that anyone on the network path can replace.

    Raises:
        DeployError: a URL has a plain transport, and neither a hash nor the id of a commit.
    """
    if urls := unprotected_urls(requirements.text):
        more = f" and {len(urls) - 3} more" if len(urls) > 3 else ""
        raise DeployError(
            f"{requirements.source} of {where} names {', '.join(urls[:3])}{more}, which {EXPLAINED}; expected https:// "
            "or SSH, or a hash, as in shop @ http://files.example.com/shop-1.0.tar.gz --hash=sha256:…; "
            "or write insecure_transport: true in the application's entry"
        )
