"""Signatures of commits and tags, by git and ssh-keygen themselves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.git import Mirror
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.signatures import (
    allowed_signers,
    signature_error,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.sources import Git
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_validators import (
    signers,
)

Key = Callable[[str], str]


class Repository:
    """A repository in which every commit and tag may be signed by a key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "origin"
        self.path.mkdir()
        self("init", "--quiet", "--initial-branch=main")

    def __call__(self, *arguments: str, key: Path | None = None) -> str:
        settings = ["user.name=Ops", "user.email=ops@example.com", "gpg.format=ssh", f"user.signingkey={key}"]
        argv = ["git", "-C", str(self.path), *(word for setting in settings for word in ("-c", setting)), *arguments]
        env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        return subprocess.run(argv, env=env, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, key: Path | None = None) -> str:
        signed = ["--gpg-sign"] if key else ["--no-gpg-sign"]
        self("commit", "--quiet", "--allow-empty", "--message=x", *signed, key=key)
        return self("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ops", "-f", str(path)], check=True)
        return path

    return make


def public(path: Path) -> str:
    return path.with_suffix(".pub").read_text().strip()


@pytest.fixture
def mirror(tmp_path: Path, repository: Repository) -> Mirror:
    return Mirror(tmp_path / "mirror.git", str(repository.path))


def wrong(mirror: Mirror, version: str, *keys: Path) -> str | None:
    commit = mirror.fetch(version, mirror.resolve(version))
    return signature_error(mirror, version, commit, [public(key) for key in keys])


def test_a_commit_that_is_signed(repository: Repository, mirror: Mirror, key: Callable[[str], Path]) -> None:
    ours, other = key("ours"), key("other")
    repository.commit(ours)
    assert wrong(mirror, "main", ours) is None
    assert wrong(mirror, "main", other, ours) is None


def test_a_commit_that_is_signed_by_another_key(
    repository: Repository, mirror: Mirror, key: Callable[[str], Path]
) -> None:
    other = key("other")
    commit = repository.commit(other)
    message = wrong(mirror, "main", key("ours"))
    assert message is not None
    assert message.startswith(
        f"verify.signers: found commit {commit[:12]} of {repository.path}, which none of these keys"
    )
    assert "expected a commit of git commit -S or a tag of git tag -s" in message


def test_a_commit_without_a_signature(repository: Repository, mirror: Mirror, key: Callable[[str], Path]) -> None:
    repository.commit()
    assert "signed: it has no signature; nothing of it was built" in (wrong(mirror, "main", key("ours")) or "")


def test_a_tag_that_is_signed(repository: Repository, mirror: Mirror, key: Callable[[str], Path]) -> None:
    ours = key("ours")
    repository.commit()
    repository("tag", "--sign", "--message=x", "v1", key=ours)
    assert wrong(mirror, "v1", ours) is None
    message = wrong(mirror, "v1", key("other"))
    assert message is not None and message.startswith("verify.signers: found tag v1 of ")
    # The tag is of the version that is asked for, or counts for nothing.
    assert wrong(mirror, "main", ours) is not None


def test_a_signed_tag_in_the_place_of_another(
    repository: Repository, mirror: Mirror, key: Callable[[str], Path]
) -> None:
    """Who may write to the repository cannot sell an old release for a new one."""
    ours = key("ours")
    repository.commit()
    repository("tag", "--sign", "--message=x", "v1", key=ours)
    repository("update-ref", "refs/tags/v2", repository("rev-parse", "refs/tags/v1"))
    assert wrong(mirror, "v1", ours) is None
    assert wrong(mirror, "v2", ours) is not None


def test_a_commit_that_was_replaced(repository: Repository, mirror: Mirror, key: Callable[[str], Path]) -> None:
    ours = key("ours")
    signed = repository.commit(ours)
    unsigned_one = repository.commit()
    mirror.fetch("main", mirror.resolve("main"))
    subprocess.run(["git", "--git-dir", str(mirror.path), "replace", "-f", unsigned_one, signed], check=True)
    assert signature_error(mirror, "main", unsigned_one, [public(ours)]) is not None


def test_settings_of_the_user_who_runs_it_have_no_effect(
    repository: Repository, mirror: Mirror, key: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = key("other")
    repository.commit(other)
    trusted = tmp_path / "trusted"
    trusted.write_text(allowed_signers([public(other)]))
    config = tmp_path / "config"
    config.write_text(f'[gpg "ssh"]\nallowedSignersFile = {trusted}\n[gpg]\nminTrustLevel = undefined\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert wrong(mirror, "main", key("ours")) is not None


def test_a_source_refuses_before_anything_is_checked_out(
    repository: Repository, mirror: Mirror, key: Callable[[str], Path]
) -> None:
    ours = key("ours")
    commit = repository.commit()
    source = Git(mirror, None, False, [public(ours)])
    source.verify("main", commit, fetch=True)  # it is not here yet, so there is nothing to say
    with pytest.raises(DeployError, match=r"verify\.signers: found commit"):
        source.fetch("main", commit)
    with pytest.raises(DeployError, match=r"verify\.signers: found commit"):
        source.verify("main", commit, fetch=False)


def test_a_tag_that_is_signed_later(repository: Repository, mirror: Mirror, key: Callable[[str], Path]) -> None:
    ours = key("ours")
    commit = repository.commit()
    repository("tag", "v1")
    Git(mirror, None, False).fetch("v1", commit)
    source = Git(mirror, None, False, [public(ours)])
    repository("tag", "--force", "--sign", "--message=x", "v1", key=ours)
    with pytest.raises(DeployError, match="verify"):
        source.verify("v1", commit, fetch=False)
    source.verify("v1", commit, fetch=True)


def test_public_keys(key: Callable[[str], Path]) -> None:
    line = public(key("ours"))
    kind, body, _ = line.split()
    assert signers([line, f"{kind} {body}"]) is None
    for other in (
        "",
        "ops",
        body,
        f"ssh-rsa {body}",
        f"{kind} {body[:20]}!",
        f'command="id" {line}',
        f"{line}\n{line}",
    ):
        message = signers([other])
        assert message and message.endswith("as in ssh-ed25519 AAAAC3Nz… ops@example.com"), other
    assert signers([]) and "found an empty list" in str(signers([]))
