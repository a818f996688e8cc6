"""Sources of an application's code: git, an archive, or an index of packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.source import archives
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.git import Mirror, Runner
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.scm_versions import scm_version
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import Trust
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.signatures import signature_error
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import transport_of

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import SourceSummary
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import SourceEntry

_MOST_LEVELS = 16  # of submodules within submodules


class Source:
    """The source of a release: :class:`Git`, :class:`Archive` or :class:`Package`.

    An identity names content: a commit, a checksum, or distributions with their versions.

    Attributes:
        subdirectory: the folder of the application in its tree, if it is not the tree itself.
        requirements: what is installed where there is no tree.
    """

    subdirectory: str | None = None
    requirements: Sequence[str] = ()

    def resolve(self, version: str, keep: bool = True) -> str | None:
        """Return the identity that `version` has now; None where only :meth:`fetch` can find it out.

        Args:
            version: the requested version.
            keep: whether the key of a server that is seen for the first time is recorded.
        """
        raise NotImplementedError

    def fetch(self, version: str, identity: str | None) -> str:
        """Ensure that this host has what a release needs; return its identity.

        Args:
            version: the requested version.
            identity: what :meth:`resolve` returned.

        Raises:
            DeployError: it cannot be fetched.
        """
        raise NotImplementedError

    def verify(self, version: str, identity: str, fetch: bool) -> None:
        """Refuse what is on this host already without a required signature.

        Args:
            version: the requested version.
            identity: of the version.
            fetch: whether a newer signature may be fetched.

        Raises:
            DeployError: there is no signature that counts.
        """

    def checkout(self, identity: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        """Write its files below `tree`, which must exist and be empty.

        Args:
            identity: what :meth:`fetch` returned.
            tree: the folder.
            run_in: runs the program that writes the files, if one does.
        """
        raise NotImplementedError

    @property
    def trust(self) -> Trust:
        """Return the trust in servers of repositories."""
        return Trust()

    @property
    def store(self) -> Path | None:
        """Return the path that a program reads to write the files; None if none does."""
        return None

    def content(self, identity: str) -> dict[str, Json]:
        """Return what decides which files a release has, as part of the digest in its name."""
        return {"identity": identity, "subdirectory": self.subdirectory}

    def describe(self, identity: str) -> SourceSummary:
        """Return what is recorded and shown of the source; nothing secret."""
        raise NotImplementedError

    def build_version(self, _identity: str) -> str | None:
        """Return the version that a build backend would ask git for; None if there is no git."""
        return None

    def label(self, version: str, identity: str) -> str:
        """Return what messages call the source."""
        raise NotImplementedError


class Git(Source):
    """A repository of git, by its mirror on this host."""

    def __init__(
        self,
        mirror: Mirror,
        subdirectory: str | None,
        submodules: bool,
        signers: Sequence[str] = (),
        hosts: Sequence[str] | None = None,
    ) -> None:
        self.hosts = hosts
        self.mirror = mirror
        self.signers = signers
        self.subdirectory = subdirectory
        self.submodules = submodules

    def resolve(self, version: str, keep: bool = True) -> str | None:
        return self.mirror.resolve(version, keep)

    def fetch(self, version: str, identity: str | None) -> str:
        commit = self.mirror.fetch(version, identity)
        self.verify(version, commit, fetch=True)
        if self.submodules:
            self._fetch_submodules(self.mirror, commit)
        return commit

    def verify(self, version: str, identity: str, fetch: bool) -> None:
        if not self.signers or not self.mirror.has(identity):
            return
        error = signature_error(self.mirror, version, identity, self.signers)
        if error and fetch:  # a tag of the same commit may have been signed since
            self.mirror.update(identity)
            error = signature_error(self.mirror, version, identity, self.signers)
        if error:
            raise DeployError(error)

    def checkout(self, identity: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        self._checkout(self.mirror, identity, tree, run_in)

    @property
    def trust(self) -> Trust:
        return self.mirror.trust

    @property
    def store(self) -> Path | None:
        return self.mirror.path

    def content(self, identity: str) -> dict[str, Json]:
        return {**super().content(identity), "submodules": self.submodules}

    def describe(self, identity: str) -> SourceSummary:
        return {"kind": "git", "url": self.mirror.url, "commit": identity, **_folder(self)}

    def build_version(self, identity: str) -> str | None:
        return scm_version(self.mirror.describe(identity), identity)

    def label(self, version: str, identity: str) -> str:
        return f"{self.mirror.url} at {version} ({identity[:12]})"

    def _fetch_submodules(self, mirror: Mirror, commit: str, depth: int = 1) -> None:
        for module in mirror.submodules(commit):
            if depth > _MOST_LEVELS:
                raise DeployError(f"submodules: {self.mirror.url} has them more than {_MOST_LEVELS} levels deep")
            self._check_host(module.url, f"submodules: {module.path!r} of {mirror.url}", mirror.local)
            inner = mirror.of_submodule(module)
            self._fetch_submodules(inner, inner.fetch(module.commit, module.commit), depth + 1)

    def _check_host(self, url: str, what: str, local: bool) -> None:
        """Refuse a submodule from a host that it may not come from.

        Raises:
            DeployError: it comes from another host.
        """
        host = host_of(url)
        if self.hosts is None or host in self.hosts or (local and transport_of(url) == "file"):
            return
        written = host or "git.example.com"
        raise DeployError(
            f"{what} comes from {host or url}, and sandbox.outgoing limits what releases are made from; "
            f"write index: {{hosts: [{written}]}} if it may"
        )

    def _checkout(self, mirror: Mirror, commit: str, tree: Path, run_in: Runner) -> None:
        mirror.checkout(commit, tree, run_in)
        for module in mirror.submodules(commit) if self.submodules else []:
            # git creates an empty folder for a submodule, and no link leads there: see `refuse_unsafe_paths`.
            self._checkout(mirror.of_submodule(module), module.commit, tree / module.path, run_in)


class Archive(Source):
    """An archive, by its checksum."""

    def __init__(
        self, sha256: str, url: str | None, name: str, subdirectory: str | None, cache: Path = archives.FOLDER
    ) -> None:
        self.cache = cache
        self.sha256 = sha256
        self.url = url
        self.name = name
        self.subdirectory = subdirectory

    def resolve(self, version: str, keep: bool = True) -> str | None:
        return self.sha256

    def fetch(self, version: str, identity: str | None) -> str:
        archives.ensure_archive(self.sha256, self.url, self.name, self.cache)
        return self.sha256

    def checkout(self, identity: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        # Imported here: no inspection needs it.
        from ansible_collections.asgi.deploy.plugins.module_utils._host.source.unpack import unpack

        unpack(archives.ensure_archive(identity, self.url, self.name, self.cache), tree, self.name)

    def describe(self, identity: str) -> SourceSummary:
        summary: SourceSummary = {"kind": "archive", "name": self.name, "sha256": identity, **_folder(self)}
        return {**summary, "url": self.url} if self.url else summary

    def label(self, version: str, identity: str) -> str:
        return f"{self.url or self.name} ({identity[:12]})"


class Package(Source):
    """Distributions that the installer takes from an index or a wheelhouse; the first is the application. No tree."""

    def __init__(self, requirements: Sequence[str]) -> None:
        self.requirements = requirements

    def resolve(self, version: str, keep: bool = True) -> str | None:
        return " ".join(self.requirements)

    def fetch(self, version: str, identity: str | None) -> str:
        return " ".join(self.requirements)

    def checkout(self, identity: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        """Write nothing: the distributions are in the virtual environment."""

    def describe(self, identity: str) -> SourceSummary:
        application, *plugins = identity.split(" ")
        summary: SourceSummary = {"kind": "package", "requirement": application}
        return {**summary, "plugins": plugins} if plugins else summary

    def label(self, version: str, identity: str) -> str:
        return identity.partition(" ")[0]


def source_of(
    options: SourceEntry,
    mirror: Path,
    cache: Path = archives.FOLDER,
    env: Mapping[str, str] | None = None,
    hosts: Sequence[str] | None = None,
    pins: Path | None = None,
) -> Source:
    """Return the source that an entry describes.

    Args:
        options: the entry.
        mirror: where a copy of a repository is kept.
        cache: where archives are kept.
        env: further variables for git.
        hosts: the only hosts that submodules may come from; None for any.
        pins: the file of keys that are trusted since their first use; without it ssh keeps them where it always does.
    """
    if options["kind"] == "package":
        return Package(options["requirements"])
    if options["kind"] == "archive":
        name = options["name"] or ""
        return Archive(options["sha256"] or "", options["url"], name, options["subdirectory"], cache)
    known_hosts, plain = options.get("known_hosts") or (), bool(options.get("plain_allowed"))
    trust = Trust(options["deploy_key"], known_hosts, pins, plain)
    repository = Mirror(mirror, options["url"] or "", trust, env)
    return Git(repository, options["subdirectory"], bool(options["submodules"]), options.get("signers") or (), hosts)


def application_folder(tree: Path, subdirectory: str | None, where: str) -> Path:
    """Return the folder of the application in its tree.

    Raises:
        DeployError: there is no such folder.
    """
    if not subdirectory:
        return tree
    folder = tree / subdirectory
    if folder.is_dir() and folder.resolve().is_relative_to(tree.resolve()):
        return folder
    folders = sorted(path.name for path in tree.iterdir() if path.is_dir())
    has = f"it has {', '.join(folders)}" if folders else "it has no folder"
    raise DeployError(f"subdirectory: found {subdirectory!r}, which is no folder of {where}; {has}")


def _folder(source: Source) -> SourceSummary:
    return {"subdirectory": source.subdirectory} if source.subdirectory else {}
