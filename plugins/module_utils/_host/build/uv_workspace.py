"""The uv.lock of an application that is a member of a workspace, and the packages of its own repository."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import (
    read_pyproject,
    string_list,
    subtable,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import UV_LOCK
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_LOCAL = re.compile(r"\.{0,2}/|\.{1,2}(?=\s|$)")  # the beginning of a line that names a path
_ARCHIVE = re.compile(r"\S+\.(?:whl|zip|tar\.[a-z0-9]+|tgz)(?=\s|$)")


def workspace_root(tree: Path, whole: Path) -> Path | None:
    """Return the folder of the workspace of which a folder is a member; None if it is a member of none.

    Args:
        tree: the application's folder.
        whole: the repository, which holds it; nothing outside is read.
    """
    for folder in tree.parents:
        if not folder.is_relative_to(whole):
            break
        workspace = subtable(read_pyproject(folder), "tool", "uv", "workspace")
        path = tree.relative_to(folder).as_posix()
        if any(matches(path, pattern) for pattern in string_list(workspace, "members")):
            excluded = any(matches(path, pattern) for pattern in string_list(workspace, "exclude"))
            return None if excluded else folder
    return None


def lock_folder(tree: Path, whole: Path) -> Path | None:
    """Return the folder whose uv.lock holds for the application: its own, or the root of its workspace."""
    if untrusted_files.find(tree, UV_LOCK):
        return tree
    root = workspace_root(tree, whole)
    return root if root and untrusted_files.find(whole, str(root.relative_to(whole) / UV_LOCK)) else None


def matches(path: str, pattern: str) -> bool:
    """Return whether a path matches a pattern of `members` of a workspace, in which an asterisk stays in its folder.

    >>> matches("packages/api", "packages/*"), matches("packages/api/inner", "packages/*")
    (True, False)
    """
    parts, patterns = PurePosixPath(path).parts, PurePosixPath(pattern).parts
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def without_packages(text: str) -> tuple[str, tuple[str, ...]]:
    """Return an exported lock without the packages of the repository itself, and the lines of these.

    They are a part of the release, so that its environment can serve the next release as well. Archives stay.

    >>> without_packages("./lib ; sys_platform == 'linux'\\nfastapi==0.120.0\\n./vendor/far-1-py3-none-any.whl\\n")
    ('fastapi==0.120.0\\n./vendor/far-1-py3-none-any.whl\\n', ("./lib ; sys_platform == 'linux'",))
    """
    lines = text.splitlines(keepends=True)
    local = [line for line in lines if _LOCAL.match(line) and not _ARCHIVE.match(line)]
    return "".join(line for line in lines if line not in local), tuple(line.strip() for line in local)


def package_lines(packages: tuple[str, ...], root: Path, whole: Path) -> dict[Path, str]:
    """Return the folders of packages of the repository, with a requirement for each.

    Args:
        packages: lines of :func:`without_packages`.
        root: the folder of the lock, from which their paths start.
        whole: the repository.

    Raises:
        DeployError: one is outside of the repository, or is no folder.
    """
    lines = {}
    for line in packages:
        path, separator, marker = line.partition(" ;")
        folder = (root / path.strip()).resolve()
        if not folder.is_relative_to(whole.resolve()) or not folder.is_dir():
            raise DeployError(
                f"uv.lock names {path.strip()}, expected a folder of the same repository; take it out, or commit it"
            )
        lines[folder] = f"{folder}{separator}{marker}"
    return lines
