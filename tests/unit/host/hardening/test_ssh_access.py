"""Who runs us, by which connection, and whether a key lets him in."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening import ssh_access
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.ssh_access import Connection

ENVIRON = b"PATH=/usr/bin\0SSH_CONNECTION=198.51.100.7 50122 192.0.2.1 2222\0"


def process(proc: Path, pid: int, parent: int, name: str, environ: bytes = b"", uid: int = 0) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "status").write_text(f"Name:\t{name}\nPPid:\t{parent}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
    (folder / "environ").write_bytes(environ)


def test_sudo_hides_nothing(tmp_path: Path) -> None:
    """Of all processes up to sshd, the outermost that has the variable is the one that logged in."""
    process(tmp_path, 1, 0, "systemd")
    process(tmp_path, 10, 1, "sshd", ENVIRON)
    process(tmp_path, 11, 10, "sh", ENVIRON, uid=2_000_000)
    process(tmp_path, 12, 11, "sudo", ENVIRON)
    process(tmp_path, 13, 12, "python3", b"PATH=/usr/bin\0")
    assert ssh_access.find_connection(tmp_path, 13) == Connection("198.51.100.7", 2222, "2000000")


def test_without_ssh(tmp_path: Path) -> None:
    process(tmp_path, 1, 0, "systemd")
    process(tmp_path, 13, 1, "python3", b"PATH=/usr/bin\0")
    assert ssh_access.find_connection(tmp_path, 13) is None


@pytest.mark.parametrize(
    "environ", [b"", b"SSH_CONNECTION=\0", b"SSH_CONNECTION=a b c d\0", b"XSSH_CONNECTION=a 1 b 2\0"]
)
def test_no_connection_in_it(environ: bytes) -> None:
    assert ssh_access.parse_environ(environ) is None


def test_ports_of_both() -> None:
    options = ssh_access.parse_effective("port 22\nPort 2200\npasswordauthentication no\n")
    assert ssh_access.ports(options, None) == [22, 2200]
    assert ssh_access.ports(options, Connection("198.51.100.7", 2222, "ops")) == [22, 2200, 2222]


@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        (".ssh/authorized_keys", "/home/ops/.ssh/authorized_keys"),
        ("/etc/ssh/keys/%u", "/etc/ssh/keys/ops"),
        ("%h/keys", "/home/ops/keys"),
        ("/srv/100%%u", "/srv/100%u"),
    ],
)
def test_where_keys_are(pattern: str, file: str) -> None:
    assert ssh_access.key_files([pattern], "ops", "/home/ops") == [Path(file)]


@pytest.mark.parametrize(
    ("text", "able"), [("# no key yet\n\n", False), ("ssh-ed25519 AAAA ops\n", True), (None, False)]
)
def test_a_key(tmp_path: Path, text: str | None, able: bool) -> None:
    if text is not None:
        (tmp_path / "root").write_text(text)
    options = {
        "authorizedkeysfile": [str(tmp_path / "%u")],
        "authorizedkeyscommand": ["none"],
        "trustedusercakeys": ["none"],
    }
    assert ssh_access.has_key("root", options) is able


def test_keys_that_are_elsewhere() -> None:
    assert ssh_access.has_key(
        "root", {"authorizedkeysfile": ["none"], "authorizedkeyscommand": ["/usr/bin/sss_ssh_authorizedkeys"]}
    )


def test_what_sshd_does_not_take() -> None:
    options = {"passwordauthentication": ["yes"], "port": ["22"]}
    expected = {"passwordauthentication": "no", "port": "22", "permitrootlogin": "no"}
    assert ssh_access.ineffective_options(options, expected) == [
        "passwordauthentication is yes instead of no",
        "permitrootlogin is not known instead of no",
    ]
