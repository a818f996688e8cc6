"""An application's source from git: a mirror on the host, and trees taken from it."""

from __future__ import annotations

import difflib
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import Trust
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import (
    EXPLAINED,
    allowed_transports,
    plain_transport,
    transport_of,
)

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")  # SHA-1 or SHA-256 in full
_ABBREVIATED = re.compile(r"[0-9a-f]{7,63}")
_ENV = {"GIT_TERMINAL_PROMPT": "0"}
# What comes from a repository is checked as git's own servers check it, but for slips of former tools in commits that
# many repositories have, and nothing is written by.
_CHECKED = (
    "-c",
    "fetch.fsckObjects=true",
    *(
        word
        for slip in (
            *("badDate", "badDateOverflow", "badEmail", "badName", "badTimezone", "missingEmail"),
            *("missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "zeroPaddedDate"),
            *("zeroPaddedFilemode", "nulInCommit", "multipleAuthors"),
        )
        for word in ("-c", f"fetch.fsck.{slip}=ignore")
    ),
)
_FETCH_SECONDS = 14_400  # a first copy of a large repository, over a slow line
_MODULE = re.compile(r"submodule\.(.+)\.(path|url)\n(.*)", re.DOTALL)
_ENTRY = re.compile(r"(\d+) \w+ (\w+)\t(.*)", re.DOTALL)
_GITLINK_MODE = "160000"
_ODD = {"", ".", "..", ".git"}  # as parts of a path


Runner = Callable[[Sequence[str], Mapping[str, str]], CompletedProcess[str]]
"""Runs a program with what its environment has besides, to its end, whatever its exit status."""


def parse_refs(text: str) -> dict[str, str]:
    """References and their commits, as `git ls-remote` prints them; of a tag that is an object, what it points to."""
    refs: dict[str, str] = {}
    for line in text.splitlines():
        commit, _tab, ref = line.partition("\t")
        if ref.endswith("^{}"):
            refs[ref[:-3]] = commit
        elif ref:
            refs.setdefault(ref, commit)
    return refs


def choose_commit(refs: Mapping[str, str], version: str) -> str | None:
    """The commit a version names: a tag before a branch, as git itself prefers."""
    for ref in (f"refs/tags/{version}", f"refs/heads/{version}", version):
        if ref in refs:
            return refs[ref]
    return version if _COMMIT.fullmatch(version) else None


def not_found_message(refs: Mapping[str, str], url: str, version: str) -> str:
    """The message for a version that the repository does not have, with those that come near."""
    names = [ref.split("/", 2)[2] for ref in refs if ref.startswith(("refs/tags/", "refs/heads/"))]
    near = difflib.get_close_matches(version, names, n=3, cutoff=0.5) or names[-5:]
    has = f"it has {', '.join(near)}" if near else "it has no tag and no branch"
    return f"version: found {version!r}, which is no tag, branch or commit of {url}; {has}"


@dataclass(frozen=True)
class Entry:
    """What a commit has at a path: a file, a link, or a submodule, by its mode."""

    mode: str
    object: str
    path: str


def parse_tree(listing: str) -> list[Entry]:
    """Return the entries of a commit, from its tree as git prints it, NUL between entries."""
    return [Entry(*found.groups()) for found in map(_ENTRY.fullmatch, listing.split("\0")) if found]


def refuse_unsafe_paths(entries: Sequence[Entry], url: str) -> None:
    """Refuse a tree that no git makes, by which something could be written outside of it.

    Raises:
        DeployError: a path leads out of the tree, or through something that is no folder.
    """
    paths = {entry.path for entry in entries}
    for path in (entry.path for entry in entries):
        parts = path.split("/")
        if any(part.lower() in _ODD for part in parts):
            raise DeployError(f"git: {url} holds {path!r}, which no tree can hold; nothing of it was written")
        if any("/".join(parts[:count]) in paths for count in range(1, len(parts))):
            raise DeployError(f"git: {url} holds {path!r} below what is no folder; nothing of it was written")


@dataclass(frozen=True)
class Submodule:
    """A repository within another: where it comes from, the commit that is recorded, and the folder it belongs in."""

    url: str
    commit: str
    path: str


def parse_submodules(settings: str, entries: Sequence[Entry], url: str) -> list[Submodule]:
    """Return the submodules of a commit of `url`, from its .gitmodules as git prints it, and its entries.

    Raises:
        DeployError: .gitmodules does not say where one comes from.
    """
    known: dict[str, dict[str, str]] = {}
    for found in filter(None, map(_MODULE.fullmatch, settings.split("\0"))):
        known.setdefault(found[1], {})[found[2]] = found[3]
    urls = {module.get("path"): module.get("url") for module in known.values()}
    submodules = []
    for entry in (entry for entry in entries if entry.mode == _GITLINK_MODE):
        if not (written := urls.get(entry.path)):
            raise DeployError(f"submodules: .gitmodules of {url} does not say where {entry.path!r} comes from")
        where = submodule_url(written, url)
        if transport_of(where) != "file" and host_of(where) is None:
            raise DeployError(
                f"submodules: {entry.path!r} of {url} comes from {where!r}, which names no host; expected a URL in "
                ".gitmodules, as in url = https://git.example.com/lib.git"
            )
        submodules.append(Submodule(where, entry.object, entry.path))
    return submodules


def submodule_url(url: str, parent: str) -> str:
    """A submodule's URL, which may be written relative to the one of the repository that it is in.

    >>> related("../lib.git", "git@git.example.com:team/shop.git")
    'git@git.example.com:team/lib.git'
    """
    if not url.startswith(("./", "../")):
        return url
    base, separator = parent.rstrip("/"), "/"
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            separator = "/" if "/" in base else ":"
            base = base.rpartition(separator)[0]
        url = url.partition("/")[2]
    return f"{base}{separator}{url}"


class Mirror:
    """A bare copy of a repository, kept on the host so that a release fetches only what is new.

    `trust` is by what its server is trusted; `env` adds to git's environment; `local` says whether it may be a folder
    of this host, by default if its URL is one; `inner` says that it is one of a submodule, in another one's mirror.
    """

    def __init__(
        self,
        path: Path,
        url: str,
        trust: Trust | None = None,
        env: Mapping[str, str] | None = None,
        local: bool | None = None,
        inner: bool = False,
    ) -> None:
        self.path = path
        self.inner = inner
        self.url = url
        self.trust = trust or Trust()
        self.local = transport_of(url) == "file" if local is None else local
        self.given = dict(env or {})
        # Also where a server or a setting of the host leads to something else.
        allowed = allowed_transports(url, self.local, self.trust.plain)
        self.env = {**_ENV, **self.given, "GIT_ALLOW_PROTOCOL": allowed}

    def resolve(self, version: str, keep: bool = True) -> str | None:
        """The commit that `version` names now; nothing for an abbreviated commit that only a fetch can tell.

        A whole commit that is here already needs no network.

        Args:
            version: a tag, a branch or a commit.
            keep: whether a key of a server that is seen for the first time is written down.

        Raises:
            DeployError: the repository cannot be read, or has no such version.
        """
        if _COMMIT.fullmatch(version) and self.has(version):
            return version
        with self.trust.ssh(keep) as env:
            argv = ["git", "ls-remote", "--", self.url, "HEAD", "refs/heads/*", "refs/tags/*"]
            result = run_unchecked(argv, {**self.env, **env}, timeout=120)
        if result.returncode:
            refusal = self.trust.refusal(self.url, result.stderr)
            raise DeployError(refusal or f"git: {self.url} cannot be read from this host:\n{last_lines(result)}")
        refs = parse_refs(result.stdout)
        commit = choose_commit(refs, version)
        if commit is None and not _ABBREVIATED.fullmatch(version):
            raise DeployError(not_found_message(refs, self.url, version))
        return commit or self._known(version)

    def fetch(self, version: str, commit: str | None) -> str:
        """Fetches what is new unless `commit` is here already, and gives the commit of `version`."""
        if commit and self.has(commit):
            return commit
        self.update(commit)
        found = commit or self._known(version)
        if not found or not self.has(found):
            raise DeployError(f"version: found {version!r}, which is no commit of {self.url}")
        return found

    def update(self, commit: str | None) -> None:
        """Fetches all branches and tags, and `commit` where none of them holds it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The application's lock is held, so no git works here: these were left by one that was killed.
        for stale in self.path.rglob("*.lock"):
            stale.unlink(missing_ok=True)
        self._git("init", "--bare", "--quiet")  # again, too: a run that was killed may have begun it
        with self.trust.ssh(keep=True) as env:
            heads, tags = "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"
            fetch = ["fetch", "--quiet", "--prune", "--force", "--", self.url]
            self._git(*_CHECKED, *fetch, heads, tags, env=env, timeout=_FETCH_SECONDS)
            if commit and not self.has(commit):  # a commit that no branch or tag holds any more
                alone = ["fetch", "--quiet", "--", self.url, commit]
                run_unchecked(["git", "--git-dir", str(self.path), *_CHECKED, *alone], {**self.env, **env})

    def checkout(self, commit: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        """Write a commit's files below `tree`, which must exist; nothing of git's own is among them.

        Args:
            commit: one that is here.
            tree: an empty folder.
            run_in: runs git, which may read this mirror and write `tree`.

        Raises:
            DeployError: it holds what no tree can hold, or git failed.
        """
        self.entries(commit)  # refuses a tree by which something could be written outside of it
        if self.inner:
            self.path.chmod(0o755)  # who may read the mirror that it is in may read it
        # Where whoever runs git may write; by a name that no tree has.
        index = tree / f".index-{secrets.token_hex(16)}"
        argv = ["git", "--git-dir", str(self.path), "--work-tree", str(tree), "checkout", "--force", "--quiet"]
        try:
            # Settings in the home of whoever runs it are none of ours: builds write there.
            env = {**self.env, "GIT_INDEX_FILE": str(index), "GIT_CONFIG_GLOBAL": "/dev/null"}
            done = run_in([*argv, commit, "--", "."], env)
        finally:
            index.unlink(missing_ok=True)
        if done.returncode:
            raise DeployError(f"git: {self.url}: {commit} cannot be checked out:\n{last_lines(done)}")

    def entries(self, commit: str) -> list[Entry]:
        """Return all that a commit holds which is here.

        Raises:
            DeployError: it holds what no tree can hold.
        """
        git = ["git", "--git-dir", str(self.path)]
        entries = parse_tree(run([*git, "ls-tree", "-r", "-z", "--full-tree", commit], self.env))
        refuse_unsafe_paths(entries, self.url)
        return entries

    def submodules(self, commit: str) -> list[Submodule]:
        """Return the submodules of a commit that is here.

        Raises:
            DeployError: one belongs nowhere in the tree, or comes from nowhere.
        """
        settings = ["config", "--null", "--blob", f"{commit}:.gitmodules", "--get-regexp", r"^submodule\."]
        # Nothing, where there is no such file.
        text = run_unchecked(["git", "--git-dir", str(self.path), *settings], self.env).stdout
        return parse_submodules(text, self.entries(commit), self.url)

    def of_submodule(self, submodule: Submodule) -> Mirror:
        """The mirror of a submodule, kept in this one; what its repository says must not read files of the host."""
        if plain_transport(submodule.url) and not self.trust.plain:
            raise DeployError(
                f"submodules: {submodule.path!r} of {self.url} comes from {submodule.url}, which {EXPLAINED}; expected "
                "https:// or SSH in its .gitmodules; or write verify: {signers: […]}, or insecure_transport: true"
            )
        name = hashlib.sha256(submodule.url.encode()).hexdigest()[:16]
        path = self.path / "submodules" / f"{name}.git"
        return Mirror(path, submodule.url, self.trust, self.given, self.local, inner=True)

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        return self._known(commit) is not None

    def _known(self, version: str) -> str | None:
        if not (self.path / "HEAD").exists():
            return None
        argv = ["git", "--git-dir", str(self.path), "rev-parse", "--verify", "--quiet", f"{version}^{{commit}}"]
        result = run_unchecked(argv, self.env)
        return result.stdout.strip() if result.returncode == 0 else None

    def _git(self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 600) -> None:
        argv = ["git", "--git-dir", str(self.path), *arguments]
        result = run_unchecked(argv, {**self.env, **(env or {})}, timeout=timeout)
        if result.returncode:
            failed = f"git: {self.url}: {' '.join(argv[:3])} … ended with status {result.returncode}"
            raise DeployError(self.trust.refusal(self.url, result.stderr) or f"{failed}:\n{last_lines(result)}")
