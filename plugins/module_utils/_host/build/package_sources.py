"""Sources of distributions: the host's own index, a private one, or a folder of wheels without any index."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._host.source import archives
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CACHE
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import masked

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._host.build.bound_indexes import BoundIndex
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
        IndexEntry,
        PackageIndexEntry,
    )


@dataclass(frozen=True)
class PackageSources:
    """Arguments and environment of uv and pip; the environment may contain secrets, the arguments never do.

    Attributes:
        arguments: of both.
        uv: variables for uv.
        pip: variables for pip.
        secrets: texts that must not be shown.
        wheels: the folder of wheels, if they come from one.
        bound: indexes that have some distributions each.
        projects: whether indexes that a project itself names count.
    """

    arguments: tuple[str, ...] = ()
    uv: Mapping[str, str] = field(default_factory=dict)
    pip: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    wheels: Path | None = None
    bound: tuple[BoundIndex, ...] = ()
    projects: bool = False

    def masked(self, text: str) -> str:
        """Return what a program printed, without these secrets."""
        return masked(text, self.secrets)


DEFAULT_SOURCES = PackageSources(projects=True)


@dataclass(frozen=True)
class SourceOptions:
    """Where the distributions of an application come from.

    Attributes:
        index: a private index; None for the host's own.
        wheelhouse: SHA-256 of the archive of wheels that was shipped; None if none was.
        package_indexes: indexes that have some distributions each.
        keys: private keys for repositories of dependencies, by their URLs.
        known_hosts: lines of known_hosts for the servers of these.
    """

    index: IndexEntry | None = None
    wheelhouse: str | None = None
    package_indexes: Sequence[PackageIndexEntry] = ()
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    known_hosts: Sequence[str] = ()


def build_folder(app: str) -> Path:
    """Return the folder of the files that a build of an application gets, until it ends."""
    return Path(CACHE, "build", app)


@contextmanager
def prepare_sources(app: str, options: SourceOptions) -> Iterator[PackageSources]:
    """Yield the sources for a build; remove their files, which only root can read, when the block ends.

    Args:
        app: the application, whose lock must be held.
        options: where its distributions come from.
    """
    folder = build_folder(app)
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir(parents=True, mode=0o700)
    try:
        if options.wheelhouse:
            wheels = folder / "wheels"
            wheels.mkdir()
            # Imported here: no inspection needs it.
            from ansible_collections.asgi.deploy.plugins.module_utils._host.source.unpack import unpack

            unpack(archives.ensure_archive(options.wheelhouse, None, "wheelhouse"), wheels, "wheelhouse")
            yield from_wheels(wheels)
        else:
            index, keys, ssh = options.index, options.keys, {}
            sources = with_bound(from_index(index, folder) if index else DEFAULT_SOURCES, options, folder)
            if keys:
                # Imported here: no inspection needs it.
                from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_keys import (
                    ssh_variables,
                )

                ssh = ssh_variables(keys, options.known_hosts, folder)
            yield replace(sources, uv={**sources.uv, **ssh}, pip={**sources.pip, **ssh})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def from_wheels(wheels: Path) -> PackageSources:
    """Return a folder of wheels as the only source, without what the host's own settings name."""
    nothing = {"PIP_FIND_LINKS": "", "UV_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "UV_EXTRA_INDEX_URL": ""}
    return PackageSources(("--no-index", "--find-links", str(wheels)), nothing, nothing, wheels=wheels)


def with_bound(sources: PackageSources, options: SourceOptions, folder: Path) -> PackageSources:
    """Return sources with the indexes that have some distributions each.

    Args:
        sources: of all other distributions.
        options: of the application.
        folder: for a file of constraints.
    """
    if not options.package_indexes:
        return sources
    # Imported here: no inspection needs it.
    from ansible_collections.asgi.deploy.plugins.module_utils._host.build.bound_indexes import (
        BoundIndex,
        build_constraints,
    )

    bound = tuple(map(BoundIndex.from_entry, options.package_indexes))
    file = folder / "build-constraints.txt"
    file.write_text(build_constraints(bound), encoding="utf-8")
    secrets = [password for index in bound if (password := index.password)]
    shown = (*sources.secrets, *secrets, *(quote(secret, safe="") for secret in secrets))
    return replace(sources, bound=bound, secrets=shown, uv={**sources.uv, "UV_BUILD_CONSTRAINT": str(file)})


def from_index(index: IndexEntry, folder: Path) -> PackageSources:
    """Return a private index as the only one: with both, anyone could publish a package under a private name.

    Indexes in the host's own settings have no effect. pip ignores an empty variable and reads its file, so it gets the
    same index as an extra one; uv asks the first index first, and no other one then.

    Args:
        index: its URL, user and password.
        folder: for a file with the password.
    """
    url, username, password = index["url"], index.get("username"), index.get("password")
    uv = {"UV_INDEX": f"private={url}", "UV_DEFAULT_INDEX": url, "UV_INDEX_STRATEGY": "first-index"}
    uv |= {"UV_INDEX_URL": "", "UV_EXTRA_INDEX_URL": ""}
    pip = {"PIP_INDEX_URL": url, "PIP_EXTRA_INDEX_URL": url}
    if urlsplit(url).scheme == "http":
        pip["PIP_TRUSTED_HOST"] = urlsplit(url).netloc
    if not username:
        return PackageSources(uv=uv, pip=pip)
    uv |= {"UV_INDEX_PRIVATE_USERNAME": username, "UV_INDEX_PRIVATE_PASSWORD": password or ""}
    # pip would pass a URL with a password to its own processes, on their command lines.
    netrc = folder / "netrc"
    netrc.touch(mode=0o600)
    words = (urlsplit(url).hostname or "", username, password or "")
    netrc.write_text("machine {} login {} password {}\n".format(*map(_quoted, words)), encoding="utf-8")
    pip["NETRC"] = str(netrc)
    secrets = (password, quote(password, safe="")) if password else ()
    return PackageSources(uv=uv, pip=pip, secrets=secrets)


def _quoted(word: str) -> str:
    """Return a token of a netrc file, as Python's own reader expects it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
