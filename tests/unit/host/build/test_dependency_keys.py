"""Keys for repositories of dependencies: ssh offers each to its own repository only."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.dependency_keys import ssh_variables
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    SourceOptions,
    prepare_sources,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.repositories import parse_repository

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
LIB, TOOLS, OTHER = "ssh://git@git.example.com/team/lib.git", "git@git.example.com:team/tools", "ssh://h.example:2222/x"


def settings(variables: dict[str, str], *arguments: str) -> dict[str, str]:
    """Return the settings that ssh has when git asks it for a repository in this way."""
    argv = [*shlex.split(variables["GIT_SSH_COMMAND"]), "-G", *arguments]
    printed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return dict(line.split(" ", 1) for line in printed.splitlines() if " " in line)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("git@git.example.com", "git-upload-pack '/team/lib.git'"), "key0"),
        (("-o", "SendEnv=GIT_PROTOCOL", "git@git.example.com", "git-upload-pack '/team/lib'"), "key0"),
        (("git@git.example.com", "git-upload-pack '/team/library.git'"), "none"),
        (("git@git.example.com", "git-upload-pack '/my/team/lib.git'"), "none"),
        (("git@git.example.com", "git-upload-pack 'team/tools.git'"), "key1"),
        (("other@git.example.com", "git-upload-pack '/team/lib.git'"), "none"),
        (("git@evil-git.example.com", "git-upload-pack '/team/lib.git'"), "none"),
        (("git@git.example.com", "git-receive-pack '/team/lib.git'"), "none"),
        (("-p", "2222", "h.example", "git-upload-pack '/x'"), "key2"),
        (("-p", "22222", "h.example", "git-upload-pack '/x'"), "none"),
        (("h.example", "git-upload-pack '/x'"), "none"),
    ],
)
def test_a_key_is_offered_to_its_own_repository_only(tmp_path: Path, arguments: tuple[str, ...], key: str) -> None:
    variables = ssh_variables({LIB: KEY, TOOLS: KEY, OTHER: KEY}, ["git.example.com ssh-ed25519 AAAA"], tmp_path)
    found = settings(variables, *arguments)
    assert found["identityfile"].rpartition("/")[2] == key
    assert found["identitiesonly"] == "yes"
    assert found["stricthostkeychecking"] == "true"
    assert found["userknownhostsfile"] == str(tmp_path / "ssh" / "known_hosts")


def test_keys_are_in_files_that_go_with_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources.CACHE"
    monkeypatch.setattr(place, str(tmp_path))
    options = SourceOptions(keys={LIB: KEY}, known_hosts=["git.example.com ssh-ed25519 AAAA"])
    with prepare_sources("shop", options) as sources:
        (file,) = tmp_path.rglob("key0")
        assert file.read_text() == f"{KEY.strip()}\n"
        assert file.stat().st_mode & 0o777 == 0o600
        assert sources.uv["GIT_SSH_COMMAND"] == sources.pip["GIT_SSH_COMMAND"]
        assert "PRIVATE" not in str(sources)
    assert list(tmp_path.rglob("*key*")) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/team/lib.git",
        "/srv/lib.git",
        "ssh://git@git.example.com/",
        "ssh://git@git.example.com/../lib.git",
        "ssh://git@git.example.com/a b.git",
        "ssh://git@git.example.com/x';id;'",
        "ssh://git@git.example.com:0/lib.git",
        "ssh://-oProxyCommand=id/lib.git",
        "-oProxyCommand=id@git.example.com:lib.git",
    ],
)
def test_what_is_no_repository_over_ssh_has_no_key(url: str) -> None:
    assert parse_repository(url) is None
