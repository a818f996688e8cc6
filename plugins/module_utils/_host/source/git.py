"""Repositories of git: a mirror on the host, and trees that are checked out of it."""

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
# What comes from a repository is checked as git's own servers check it, except for mistakes of old tools in commits,
# which many repositories contain and which do not affect what is written.
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
"""Runs a program with further variables and returns its result, whatever its exit status."""


def parse_refs(text: str) -> dict[str, str]:
    """Return references and their commits, as `git ls-remote` prints them; of a tag object, the commit it points to."""
    refs: dict[str, str] = {}
    for line in text.splitlines():
        commit, _tab, ref = line.partition("\t")
        if ref.endswith("^{}"):
            refs[ref[:-3]] = commit
        elif ref:
            refs.setdefault(ref, commit)
    return refs


def choose_commit(refs: Mapping[str, str], version: str) -> str | None:
    """Return the commit that a version names, a tag before a branch, as in git itself; None if it names none."""
    for ref in (f"refs/tags/{version}", f"refs/heads/{version}", version):
        if ref in refs:
            return refs[ref]
    return version if _COMMIT.fullmatch(version) else None


def not_found_message(refs: Mapping[str, str], url: str, version: str) -> str:
    """Return the message about a version that the repository does not have, with similar ones."""
    names = [ref.split("/", 2)[2] for ref in refs if ref.startswith(("refs/tags/", "refs/heads/"))]
    near = difflib.get_close_matches(version, names, n=3, cutoff=0.5) or names[-5:]
    has = f"it has {', '.join(near)}" if near else "it has no tag and no branch"
    return f"version: found {version!r}, which is no tag, branch or commit of {url}; {has}"


@dataclass(frozen=True)
class Entry:
    """An entry of a commit: a file, a link or a submodule, by its mode.

    Attributes:
        mode: as git prints it.
        object: its id.
        path: in the tree.
    """

    mode: str
    object: str
    path: str


def parse_tree(listing: str) -> list[Entry]:
    """Return the entries of a commit, from its tree as git prints it, NUL between entries."""
    return [Entry(*match.groups()) for match in map(_ENTRY.fullmatch, listing.split("\0")) if match]


def refuse_unsafe_paths(entries: Sequence[Entry], url: str) -> None:
    """Refuse a tree that git itself does not make, and that could write files outside of it.

    Raises:
        DeployError: a path leads out of the tree, or through something that is no folder.
    """
    paths = {entry.path for entry in entries}
    for path in (entry.path for entry in entries):
        parts = path.split("/")
        if any(part.lower() in _ODD for part in parts):
            raise DeployError(f"git: {url} holds {path!r}, which no tree can contain; nothing of it was written")
        if any("/".join(parts[:count]) in paths for count in range(1, len(parts))):
            raise DeployError(f"git: {url} holds {path!r} below what is no folder; nothing of it was written")


@dataclass(frozen=True)
class Submodule:
    """A repository in another one.

    Attributes:
        url: where it comes from.
        commit: the recorded commit.
        path: its folder in the other tree.
    """

    url: str
    commit: str
    path: str


def parse_submodules(settings: str, entries: Sequence[Entry], url: str) -> list[Submodule]:
    """Return the submodules of a commit.

    Args:
        settings: its .gitmodules, as git prints it.
        entries: of the commit.
        url: of its repository.

    Raises:
        DeployError: .gitmodules does not say where one comes from.
    """
    known: dict[str, dict[str, str]] = {}
    for match in filter(None, map(_MODULE.fullmatch, settings.split("\0"))):
        known.setdefault(match[1], {})[match[2]] = match[3]
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
    """Return the URL of a submodule, which may be relative to that of its repository.

    >>> submodule_url("../lib.git", "git@git.example.com:team/shop.git")
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

    Attributes:
        path: of the copy.
        url: of the repository.
        trust: in its server.
        local: whether the repository may be a folder of this host, which is the default if its URL is one.
        inner: whether it is the repository of a submodule, in the mirror of another one.
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
        self.variables = dict(env or {})
        # This also holds where a server or a setting of the host redirects to another URL.
        allowed = allowed_transports(url, self.local, self.trust.plain)
        self.env = {**_ENV, **self.variables, "GIT_ALLOW_PROTOCOL": allowed}

    def resolve(self, version: str, keep: bool = True) -> str | None:
        """Return the commit that `version` names now; None for an abbreviated commit that must be fetched first.

        A full commit that the mirror contains needs no network.

        Args:
            version: a tag, a branch or a commit.
            keep: whether the key of a server that is seen for the first time is recorded.

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
        """Fetch what is new unless the mirror contains `commit`; return the commit of `version`.

        Raises:
            DeployError: the repository cannot be fetched, or has no such commit.
        """
        if commit and self.has(commit):
            return commit
        self.update(commit)
        known = commit or self._known(version)
        if not known or not self.has(known):
            raise DeployError(f"version: found {version!r}, which is no commit of {self.url}")
        return known

    def update(self, commit: str | None) -> None:
        """Fetch all branches and tags, and `commit` where none of them contains it.

        Raises:
            DeployError: the repository cannot be fetched.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The application's lock is held, so no git runs here: a git that was killed left these.
        for stale in self.path.rglob("*.lock"):
            stale.unlink(missing_ok=True)
        self._git("init", "--bare", "--quiet")  # also a second time: a killed run may have begun it
        with self.trust.ssh(keep=True) as env:
            heads, tags = "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"
            fetch = ["fetch", "--quiet", "--prune", "--force", "--", self.url]
            self._git(*_CHECKED, *fetch, heads, tags, env=env, timeout=_FETCH_SECONDS)
            if commit and not self.has(commit):  # a commit that no branch or tag contains any more
                fetch_commit = ["fetch", "--quiet", "--", self.url, commit]
                run_unchecked(["git", "--git-dir", str(self.path), *_CHECKED, *fetch_commit], {**self.env, **env})

    def checkout(self, commit: str, tree: Path, run_in: Runner = run_unchecked) -> None:
        """Write a commit's files below `tree`, without files of git itself.

        Args:
            commit: a commit that the mirror contains.
            tree: an empty folder.
            run_in: runs git, which may read this mirror and write `tree`.

        Raises:
            DeployError: the commit contains paths that are not safe, or git failed.
        """
        self.entries(commit)  # refuses a tree that could write files outside of it
        if self.inner:
            self.path.chmod(0o755)  # a user that may read the outer mirror may read this one
        # In a folder that the user of git may write; by a name that no tree has.
        index = tree / f".index-{secrets.token_hex(16)}"
        argv = ["git", "--git-dir", str(self.path), "--work-tree", str(tree), "checkout", "--force", "--quiet"]
        try:
            # Builds write into the home of the user that runs git, so its settings there are not read.
            env = {**self.env, "GIT_INDEX_FILE": str(index), "GIT_CONFIG_GLOBAL": "/dev/null"}
            done = run_in([*argv, commit, "--", "."], env)
        finally:
            index.unlink(missing_ok=True)
        if done.returncode:
            raise DeployError(f"git: {self.url}: {commit} cannot be checked out:\n{last_lines(done)}")

    def entries(self, commit: str) -> list[Entry]:
        """Return all entries of a commit that the mirror contains.

        Raises:
            DeployError: a path is not safe.
        """
        git = ["git", "--git-dir", str(self.path)]
        entries = parse_tree(run([*git, "ls-tree", "-r", "-z", "--full-tree", commit], self.env))
        refuse_unsafe_paths(entries, self.url)
        return entries

    def submodules(self, commit: str) -> list[Submodule]:
        """Return the submodules of a commit that the mirror contains.

        Raises:
            DeployError: .gitmodules does not say where one comes from.
        """
        settings = ["config", "--null", "--blob", f"{commit}:.gitmodules", "--get-regexp", r"^submodule\."]
        # Empty if there is no such file.
        text = run_unchecked(["git", "--git-dir", str(self.path), *settings], self.env).stdout
        return parse_submodules(text, self.entries(commit), self.url)

    def of_submodule(self, submodule: Submodule) -> Mirror:
        """Return the mirror of a submodule, in this one; its repository cannot make git read files of the host.

        Raises:
            DeployError: it comes over a plain transport that is not allowed.
        """
        if plain_transport(submodule.url) and not self.trust.plain:
            raise DeployError(
                f"submodules: {submodule.path!r} of {self.url} comes from {submodule.url}, which {EXPLAINED}; expected "
                "https:// or SSH in its .gitmodules; or write verify: {signers: […]}, or insecure_transport: true"
            )
        name = hashlib.sha256(submodule.url.encode()).hexdigest()[:16]
        path = self.path / "submodules" / f"{name}.git"
        return Mirror(path, submodule.url, self.trust, self.variables, self.local, inner=True)

    def has(self, commit: str) -> bool:
        """Return whether the mirror contains a commit."""
        return self._known(commit) is not None

    def describe(self, commit: str) -> str | None:
        """Return the nearest tag with a number, the commits since then, and the commit; None without such a tag."""
        describe = ["describe", "--tags", "--long", "--match=*[0-9]*", commit]
        result = run_unchecked(["git", "--git-dir", str(self.path), *describe], self.env, reads=True)
        return result.stdout.strip() if result.returncode == 0 else None

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
