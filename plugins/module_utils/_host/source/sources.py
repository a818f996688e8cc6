"""Where an application's code comes from: git, an archive, or an index of packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.source import archives
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.git import Mirror, Runner
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import Trust
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.signatures import signature_error
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import transport_of

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import SourceSummary

_MOST_LEVELS = 16  # of submodules within submodules
# Of the module's option; what holds for each kind is decided on the controller.


class Source:
    """What a release takes its code from; one of :class:`Git`, :class:`Archive` and :class:`Package`.

    An identity names content: a commit, a checksum, or a distribution with its version.
    """

    subdirectory: str | None = None  # where in its tree the application lies
    requirement: str | None = None  # what is installed of it where there is no tree

    def resolve(self, version: str, keep: bool = True) -> str | None:
        """What `version` stands for now; nothing where only :meth:`fetch` can tell.

        Args:
            version: what was asked for.
            keep: whether a key of a server that is seen for the first time is written down.
        """
        raise NotImplementedError

    def fetch(self, version: str, identity: str | None) -> str:
        """Has on this host what a release needs, and gives its identity."""
        raise NotImplementedError

    def verify(self, version: str, identity: str, fetch: bool) -> None:
        """Refuses what is here already and nobody signed who should have.

        Args:
            version: what was asked for.
            identity: what that is.
            fetch: whether the source may be asked for a newer signature.

        Raises:
            DeployError: there is no signature that counts.
        """

    def checkout(self, identity: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        """Write its files below `tree`, which must exist and be empty.

        Args:
            identity: what :meth:`fetch` gave.
            tree: the folder.
            run_in: runs the program that does it, where one does.
        """
        raise NotImplementedError

    @property
    def trust(self) -> Trust:
        """By what servers of repositories are trusted."""
        return Trust()

    @property
    def store(self) -> Path | None:
        """Where on this host a program finds what it is to check out, where one does."""
        return None

    def content(self, identity: str) -> dict[str, Any]:
        """What decides which files a release has: a part of its name."""
        return {"identity": identity, "subdirectory": self.subdirectory}

    def told(self, identity: str) -> SourceSummary:
        """What is recorded and shown of it; nothing secret."""
        raise NotImplementedError

    def where(self, version: str, identity: str) -> str:
        """What it is called in a message."""
        raise NotImplementedError


class Git(Source):
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
        wrong = signature_error(self.mirror, version, identity, self.signers)
        if wrong and fetch:  # a tag of the same commit may have been signed since
            self.mirror.update(identity)
            wrong = signature_error(self.mirror, version, identity, self.signers)
        if wrong:
            raise DeployError(wrong)

    def checkout(self, identity: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        self._checkout(self.mirror, identity, tree, run_in)

    @property
    def trust(self) -> Trust:
        return self.mirror.trust

    @property
    def store(self) -> Path | None:
        return self.mirror.path

    def content(self, identity: str) -> dict[str, Any]:
        return {**super().content(identity), "submodules": self.submodules}

    def told(self, identity: str) -> SourceSummary:
        return {"kind": "git", "url": self.mirror.url, "commit": identity, **_folder(self)}

    def where(self, version: str, identity: str) -> str:
        return f"{self.mirror.url} at {version} ({identity[:12]})"

    def _fetch_submodules(self, mirror: Mirror, commit: str, depth: int = 1) -> None:
        for module in mirror.submodules(commit):
            if depth > _MOST_LEVELS:
                raise DeployError(f"submodules: {self.mirror.url} has them more than {_MOST_LEVELS} levels deep")
            self._check_host(module.url, f"submodules: {module.path!r} of {mirror.url}", mirror.local)
            inner = mirror.of_submodule(module)
            self._fetch_submodules(inner, inner.fetch(module.commit, module.commit), depth + 1)

    def _check_host(self, url: str, what: str, local: bool) -> None:
        """Raise DeployError where a submodule comes from a host that it may not come from."""
        host = host_of(url)
        if self.hosts is None or host in self.hosts or (local and transport_of(url) == "file"):
            return
        written = host or "git.example.com"
        raise DeployError(
            f"{what} comes from {host or url}, and sandbox.outgoing bounds what releases are made from; "
            f"write index: {{hosts: [{written}]}} if it may"
        )

    def _checkout(self, mirror: Mirror, commit: str, tree: Path, run_in: Runner) -> None:
        mirror.checkout(commit, tree, run_in)
        for module in mirror.submodules(commit) if self.submodules else []:
            # git makes an empty folder of a submodule, and no link leads there: see `refuse_unsafe_paths`.
            self._checkout(mirror.of_submodule(module), module.commit, tree / module.path, run_in)


class Archive(Source):
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
        # Not above: no look needs it.
        from ansible_collections.asgi.deploy.plugins.module_utils._host.source.unpack import unpack

        unpack(archives.ensure_archive(identity, self.url, self.name, self.cache), tree, self.name)

    def told(self, identity: str) -> SourceSummary:
        summary: SourceSummary = {"kind": "archive", "name": self.name, "sha256": identity, **_folder(self)}
        return {**summary, "url": self.url} if self.url else summary

    def where(self, version: str, identity: str) -> str:
        return f"{self.url or self.name} ({identity[:12]})"


class Package(Source):
    """A distribution that the installer takes from an index or a wheelhouse; there is no tree of it."""

    def __init__(self, requirement: str) -> None:
        self.requirement = requirement

    def resolve(self, version: str, keep: bool = True) -> str | None:
        return self.requirement

    def fetch(self, version: str, identity: str | None) -> str:
        return str(self.requirement)

    def checkout(self, identity: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        """Nothing: it is in the virtual environment."""

    def told(self, identity: str) -> SourceSummary:
        return {"kind": "package", "requirement": identity}

    def where(self, version: str, identity: str) -> str:
        return identity


def source_of(
    options: Mapping[str, Any],
    mirror: Path,
    cache: Path = archives.FOLDER,
    env: Mapping[str, str] | None = None,
    hosts: Sequence[str] | None = None,
    pins: Path | None = None,
) -> Source:
    """The source that a module's option describes.

    Args:
        options: of :data:`SOURCE_OPTIONS`.
        mirror: where a copy of a repository is kept.
        cache: where archives are kept.
        env: what git's environment has besides.
        hosts: the only ones that submodules come from; without, any.
        pins: the file of keys that are trusted since their first use; without it they are where ssh keeps them.
    """
    if options["kind"] == "package":
        return Package(options["requirement"])
    if options["kind"] == "archive":
        return Archive(options["sha256"], options["url"], options["name"], options["subdirectory"], cache)
    known_hosts, plain = options.get("known_hosts") or (), bool(options.get("plain_allowed"))
    trust = Trust(options["deploy_key"], known_hosts, pins, plain)
    wanted = Mirror(mirror, options["url"], trust, env)
    return Git(wanted, options["subdirectory"], bool(options["submodules"]), options.get("signers") or (), hosts)


def application_folder(tree: Path, subdirectory: str | None, where: str) -> Path:
    """Where in its tree the application lies.

    Raises:
        DeployError: there is no such folder.
    """
    if not subdirectory:
        return tree
    found = tree / subdirectory
    if found.is_dir() and found.resolve().is_relative_to(tree.resolve()):
        return found
    folders = sorted(path.name for path in tree.iterdir() if path.is_dir())
    has = f"it has {', '.join(folders)}" if folders else "it has no folder"
    raise DeployError(f"subdirectory: found {subdirectory!r}, which is no folder of {where}; {has}")


def _folder(source: Source) -> SourceSummary:
    return {"subdirectory": source.subdirectory} if source.subdirectory else {}
