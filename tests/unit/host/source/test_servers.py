"""By what servers of repositories are trusted: what ssh is given, what is kept, and what is said of a refusal."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import Trust, pinned_keys

FIRST = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP/+AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
LINE = f"git.example.com {FIRST}"
PRINT = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"
# Of OpenSSH 9.2 and 10.0.
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
SHA256:wm3Fyn0i8nvSG7yOAPVT3HMJZwLQyYqCNdnCZBYkRUE.
Please contact your system administrator.
Add correct host key in FILE to get rid of this message.
Offending ED25519 key in FILE:1
  remove with:
  ssh-keygen -f 'FILE' -R 'git.example.com'
Host key for git.example.com has changed and you have requested strict checking.
Host key verification failed.
fatal: Could not read from remote repository.
"""
URL = "git@git.example.com:shop.git"


def words(trust: Trust, keep: bool = True) -> list[str]:
    with trust.ssh(keep) as env:
        return shlex.split(env["GIT_SSH_COMMAND"])


def option(given: list[str], name: str) -> str | None:
    result = [word for word in given if word.startswith(f"-o{name}=")]
    assert len(result) < 2
    return result[0].partition("=")[2] if result else None


def test_with_known_hosts_nothing_else_counts(tmp_path: Path) -> None:
    trust = Trust(known_hosts=[LINE], pins=tmp_path / "pins")
    with trust.ssh(keep=True) as env:
        options = shlex.split(env["GIT_SSH_COMMAND"])
        file = Path(option(options, "UserKnownHostsFile") or "")
        assert file.read_text() == f"{LINE}\n"
    assert not file.exists() and not (tmp_path / "pins").exists()
    assert option(options, "StrictHostKeyChecking") == "yes"
    assert option(options, "GlobalKnownHostsFile") == "/dev/null"
    assert option(options, "UpdateHostKeys") == option(options, "ControlMaster") == "no"
    assert trust.pinned() == []


def test_without_it_the_first_key_is_kept(tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    trust = Trust(pins=pins)
    with trust.ssh(keep=True) as env:
        options = shlex.split(env["GIT_SSH_COMMAND"])
        pins.write_text(f"{LINE}\n")  # as ssh does
    assert option(options, "StrictHostKeyChecking") == "accept-new"
    assert (option(options, "UserKnownHostsFile") or "").split()[0] == str(pins)
    assert option(options, "HashKnownHosts") == "no"
    assert trust.new == [LINE]
    assert trust.pinned() == [{"host": "git.example.com", "fingerprint": PRINT, "line": LINE}] == pinned_keys(pins)
    again = Trust(pins=pins)
    words(again)
    assert again.new == [] and again.pinned() == pinned_keys(pins)


def test_a_look_keeps_no_key(tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    pins.write_text(f"{LINE}\n")
    trust = Trust(pins=pins)
    with trust.ssh(keep=False) as env:
        copy = Path((option(shlex.split(env["GIT_SSH_COMMAND"]), "UserKnownHostsFile") or "").split()[0])
        assert copy.read_text() == f"{LINE}\n"
        with copy.open("a") as file:
            file.write(f"other.example.com {OTHER}\n")
    assert pins.read_text() == f"{LINE}\n"
    assert trust.new == [f"other.example.com {OTHER}"]
    assert [key["host"] for key in trust.pinned()] == ["git.example.com", "other.example.com"]


def test_on_a_controller_keys_are_where_ssh_keeps_them() -> None:
    options = words(Trust())
    assert option(options, "UserKnownHostsFile") is None
    assert option(options, "StrictHostKeyChecking") == "accept-new"


def test_another_key_than_the_entry_has() -> None:
    output = CHANGED.replace("FILE", "/run/asgi-ssh-x1y2/known_hosts")
    assert Trust(known_hosts=[LINE]).refusal(URL, output) == (
        "known_hosts: git.example.com shows another key than the entry has: found "
        "SHA256:wm3Fyn0i8nvSG7yOAPVT3HMJZwLQyYqCNdnCZBYkRUE (ED25519), "
        f"expected {PRINT} (ssh-ed25519); nothing was fetched. If its operator announced the new key, write its line, "
        "as ssh-keyscan git.example.com prints it; if none was announced, something on the way answers in its place"
    )


@pytest.mark.parametrize("look", [False, True])
def test_another_key_than_the_first(tmp_path: Path, look: bool) -> None:
    pins = tmp_path / "pins"
    pins.write_text(f"{LINE}\n")
    output = CHANGED.replace("FILE", "/run/asgi-ssh-x1y2/seen" if look else str(pins))
    refusal = Trust(pins=pins).refusal(URL, output)
    assert refusal and refusal.startswith(
        f"git: git.example.com shows another key than the one that it was first seen with here, which {pins} keeps: "
        f"found SHA256:wm3Fyn0i8nvSG7yOAPVT3HMJZwLQyYqCNdnCZBYkRUE (ED25519), expected {PRINT} (ssh-ed25519); "
    )
    assert "known_hosts: ['git.example.com ssh-ed25519 AAAA…']" in refusal


def test_another_key_than_root_knows(tmp_path: Path) -> None:
    own = tmp_path / "known_hosts"
    own.write_text(f"{LINE}\n")
    refusal = Trust(pins=tmp_path / "pins").refusal(URL, CHANGED.replace("FILE", str(own)))
    assert refusal and f"which {own} keeps" in refusal and PRINT in refusal


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        (
            "No ED25519 host key is known for [lib.example.com]:2222 and you have requested strict checking.\n",
            "known_hosts: found no line that [lib.example.com]:2222 proves itself by, from where {url} comes; expected "
            "one for its ED25519 key, as ssh-keyscan -p 2222 lib.example.com prints it",
        ),
        (
            "The ED25519 host key for git.example.com is marked as revoked.\n",
            "known_hosts: git.example.com shows a key (ED25519) that is marked @revoked",
        ),
        # curl 7.88 and 8.14, as git 2.39 and 2.47 report them
        (
            "fatal: unable to access 'https://a/': Protocol \"http\" not supported or disabled in libcurl\n",
            "git: {url} leads to http://, which is not protected on its way; nothing was fetched",
        ),
        (
            "fatal: unable to access 'https://a/': Protocol \"http\" disabled (in redirect)\n",
            "git: {url} leads to http://, which is not protected on its way",
        ),
        ("fatal: transport 'git' not allowed\n", "git: {url} leads to git://"),
    ],
)
def test_refusals(message: str, begins: str) -> None:
    refusal = Trust(known_hosts=[LINE]).refusal(URL, f"before\n{message}after\n")
    assert refusal and refusal.startswith(begins.format(url=URL))


@pytest.mark.parametrize("message", ["", "Permission denied (publickey).", "fatal: transport 'file' not allowed"])
def test_other_failures_are_reported_in_their_own_words(message: str) -> None:
    assert Trust(known_hosts=[LINE]).refusal(URL, message) is None
