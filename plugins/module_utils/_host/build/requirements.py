"""What an application needs to be installed, from the file of its tree that lists it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.build import pylock
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_files import (
    NO_OPTIONS,
    Candidates,
    DependencyOptions,
    refuse_choices,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Installer
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.lock_registries import (
    plain_registries,
    registries,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import (
    dependencies,
    is_package,
    read_pyproject,
    read_toml,
    refuse_sources,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.uv_workspace import (
    lock_folder,
    package_lines,
    without_packages,
    workspace_root,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.dependency_names import (
    PYLOCK,
    REQUIREMENTS,
    UV_LOCK,
    kind_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import unhashed
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
    """What an application needs.

    Attributes:
        source: the path, in the application's folder, of the file that lists it; or `package`, or `text`.
        text: requirements, each in a line.
        local: whether they name files of the tree.
        packages: lines that name packages of the same repository; these are installed into the release.
        folder: where their paths start.
        registries: the index of a distribution, as name==version, where its project names another one than the default.
    """

    source: str
    text: str
    local: bool
    packages: tuple[str, ...] = ()
    folder: Path | None = None
    registries: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_packages(cls, requirements: Sequence[str]) -> Requirements:
        """Return the requirements of an application that has no tree."""
        return cls("package", "".join(f"{item}\n" for item in requirements), local=False)

    @property
    def in_place(self) -> bool:
        """Return whether the installer reads the file itself, which finds included files by its path."""
        return self.source not in ("package", "text") and kind_of(self.source) == REQUIREMENTS


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


def requirements_of(
    tree: Path,
    installer: Installer,
    where: str,
    options: DependencyOptions = NO_OPTIONS,
    whole: Path | None = None,
    live: str | None = None,
) -> Requirements:
    """Return what an application needs, from the file that its entry names, or the first of `dependency_files.ORDER`.

    Args:
        tree: the application's folder.
        installer: exports a uv.lock.
        where: what messages call the application.
        options: of its entry.
        whole: the repository, of which the tree is a folder; requirements may include files from there.
        live: the file that the live release was built from; see `Candidates`.

    Raises:
        DeployError: there is no such file, or it cannot be read.
    """
    whole = whole or tree
    pyproject = read_pyproject(tree)
    root = lock_folder(tree, whole)
    file = Candidates(tree, where, root is not None, pyproject, live).choose(options.file)
    kind = kind_of(file)
    if kind == UV_LOCK and root:
        text, packages = without_packages(installer.lock(tree, options.extras, options.groups))
        indexes = registries(read_toml(root, UV_LOCK), [pyproject, read_pyproject(root)])
        return Requirements(file, text, points_into_tree(text), packages, root, indexes)
    if kind == PYLOCK:
        text = pylock.requirements(read_toml(tree, file), options, file)
        return Requirements(file, text, points_into_tree(text))
    if kind == REQUIREMENTS:
        refuse_choices(options, file, where)
        text = included(whole, str(tree.relative_to(whole) / file))
        return Requirements(file, text, points_into_tree(text))
    needed = dependencies(pyproject, options, where)
    if workspace := workspace_root(tree, whole):
        refuse_sources(read_pyproject(workspace), needed, where)
    return Requirements(file, "".join(f"{item}\n" for item in needed), False)


def packages_of(tree: Path, whole: Path, requirements: Requirements) -> dict[Path, str]:
    """Return the folders of the packages that a release installs from its own repository, with a requirement for each.

    Args:
        tree: the application's folder; it is one of them if it says how it is built.
        whole: the repository.
        requirements: of the application.

    Raises:
        DeployError: one that its lock names is not there.
    """
    own = {tree.resolve(): str(tree.resolve())} if is_package(tree) else {}
    return {**own, **package_lines(requirements.packages, requirements.folder or tree, whole)}


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
    """Refuse an application that cannot be installed only by hashes.

    Raises:
        DeployError: something that would be installed has no hash; names it, and what to do.
    """
    if names := unhashed(requirements.text):
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise DeployError(
            f"require_hashes: {requirements.source} of {where} has no hashes for {', '.join(names[:5])}{more}; "
            "write them with uv lock, or uv pip compile --generate-hashes, or leave require_hashes out"
        )
    if requirements.packages:
        raise DeployError(
            f"require_hashes: {requirements.source} of {where} names {', '.join(requirements.packages[:3])}, and what "
            "builds that would be fetched without hashes; leave require_hashes out"
        )
    if is_package(tree):
        raise DeployError(
            f"require_hashes: {where} has a pyproject.toml with [build-system], and what builds it would be fetched "
            "without hashes; remove [build-system], as the application is found without being installed, "
            "or leave require_hashes out"
        )


def _check_transports(requirements: Requirements, where: str) -> None:
    """Refuse requirements that anyone on the network path can replace.

    Raises:
        DeployError: a URL has a plain transport, and neither a hash nor the id of a commit.
    """
    if urls := [
        *unprotected_urls(requirements.text),
        *plain_registries(requirements.text, requirements.registries),
    ]:
        more = f" and {len(urls) - 3} more" if len(urls) > 3 else ""
        raise DeployError(
            f"{requirements.source} of {where} names {', '.join(urls[:3])}{more}, which {EXPLAINED}; expected https:// "
            "or SSH, or a hash, as in shop @ http://files.example.com/shop-1.0.tar.gz --hash=sha256:…; "
            "or write insecure_transport: true in the application's entry"
        )
