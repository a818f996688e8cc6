"""Repositories of git: a mirror on the host, and trees that are checked out of it."""

from __future__ import annotations

import difflib
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

from ansible_collections.asgi.deploy.plugins.module_utils._host.source.git_trees import (
    Entry,
    Submodule,
    parse_submodules,
    parse_tree,
    refuse_unsafe_paths,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import Trust
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run, run_unchecked
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
                self._run(*_CHECKED, "fetch", "--quiet", "--", self.url, commit, env=env)

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
        return parse_submodules(self._run(*settings).stdout, self.entries(commit), self.url)

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
        return self._read("describe", "--tags", "--long", "--match=*[0-9]*", commit)

    def _known(self, version: str) -> str | None:
        if not (self.path / "HEAD").exists():
            return None
        return self._read("rev-parse", "--verify", "--quiet", f"{version}^{{commit}}")

    def _read(self, *arguments: str) -> str | None:
        result = self._run(*arguments)
        return result.stdout.strip() if result.returncode == 0 else None

    def _git(self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 600) -> None:
        result = self._run(*arguments, env=env, timeout=timeout)
        if result.returncode:
            failed = f"git: {self.url}: git --git-dir {self.path} … ended with status {result.returncode}"
            raise DeployError(self.trust.refusal(self.url, result.stderr) or f"{failed}:\n{last_lines(result)}")

    def _run(
        self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 600
    ) -> CompletedProcess[str]:
        argv = ["git", "--git-dir", str(self.path), *arguments]
        return run_unchecked(argv, {**self.env, **(env or {})}, timeout=timeout)
