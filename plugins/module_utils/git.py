"""An application's source from git: a mirror on the host, and trees taken from it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt, last_lines, run
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")  # SHA-1 or SHA-256 in full
_ABBREVIATED = re.compile(r"[0-9a-f]{7,63}")
_SSH = "ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new"
_ENV = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": _SSH}


def parse_refs(text: str) -> dict[str, str]:
    """References and their commits, as `git ls-remote` prints them; of a tag that is an object, what it points to."""
    refs: dict[str, str] = {}
    for line in text.splitlines():
        commit, _, ref = line.partition("\t")
        if ref.endswith("^{}"):
            refs[ref[:-3]] = commit
        elif ref:
            refs.setdefault(ref, commit)
    return refs


def pick(refs: Mapping[str, str], version: str) -> str | None:
    """The commit a version names: a tag before a branch, as git itself prefers."""
    for ref in (f"refs/tags/{version}", f"refs/heads/{version}", version):
        if ref in refs:
            return refs[ref]
    return version if _COMMIT.fullmatch(version) else None


def not_found(refs: Mapping[str, str], url: str, version: str) -> str:
    """The message for a version that the repository does not have, with those that come near."""
    names = [ref.split("/", 2)[2] for ref in refs if ref.startswith(("refs/tags/", "refs/heads/"))]
    near = difflib.get_close_matches(version, names, n=3, cutoff=0.5) or names[-5:]
    has = f"it has {', '.join(near)}" if near else "it has no tag and no branch"
    return f"version: found {version!r}, which is no tag, branch or commit of {url}; {has}"


class Mirror:
    """A bare copy of a repository, kept on the host so that a release fetches only what is new."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.url = url

    def resolve(self, version: str) -> str | None:
        """The commit that `version` names now; nothing for an abbreviated commit that only a fetch can tell.

        A whole commit that is here already needs no network.

        Raises:
            DeployError: the repository cannot be read, or has no such version.
        """
        if _COMMIT.fullmatch(version) and self._has(version):
            return version
        result = attempt(["git", "ls-remote", "--", self.url, "HEAD", "refs/heads/*", "refs/tags/*"], _ENV, timeout=120)
        if result.returncode:
            raise DeployError(f"git: {self.url} cannot be read from this host:\n{last_lines(result)}")
        refs = parse_refs(result.stdout)
        commit = pick(refs, version)
        if commit is None and not _ABBREVIATED.fullmatch(version):
            raise DeployError(not_found(refs, self.url, version))
        return commit or self._known(version)

    def fetch(self, version: str, commit: str | None) -> str:
        """Fetches what is new unless `commit` is here already, and gives the commit of `version`."""
        if commit is None or not self._has(commit):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._git("init", "--bare", "--quiet")  # again, too: a run that was killed may have begun it
            self._git(
                "fetch",
                "--quiet",
                "--prune",
                "--force",
                "--",
                self.url,
                "+refs/heads/*:refs/heads/*",
                "+refs/tags/*:refs/tags/*",
            )
            if commit and not self._has(commit):  # a commit that no branch or tag holds any more
                attempt(["git", "--git-dir", str(self.path), "fetch", "--quiet", "--", self.url, commit], _ENV)
        found = commit or self._known(version)
        if not found or not self._has(found):
            raise DeployError(f"version: found {version!r}, which is no commit of {self.url}")
        return found

    def checkout(self, commit: str, tree: Path) -> None:
        """Writes a commit's files below `tree`, which must exist; nothing of git's own is among them."""
        index = {"GIT_INDEX_FILE": f"{tree}.index"}
        try:
            self._git("--work-tree", str(tree), "checkout", "--force", "--quiet", commit, "--", ".", env=index)
        finally:
            Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)

    def _has(self, commit: str) -> bool:
        return self._known(commit) is not None

    def _known(self, version: str) -> str | None:
        if not (self.path / "HEAD").exists():
            return None
        argv = ["git", "--git-dir", str(self.path), "rev-parse", "--verify", "--quiet", f"{version}^{{commit}}"]
        result = attempt(argv, _ENV)
        return result.stdout.strip() if result.returncode == 0 else None

    def _git(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        try:
            run(["git", "--git-dir", str(self.path), *arguments], {**_ENV, **(env or {})})
        except DeployError as error:
            raise DeployError(f"git: {self.url}: {error}") from error
