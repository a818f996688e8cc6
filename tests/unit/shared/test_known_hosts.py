"""Lines of known_hosts: which ssh takes, and which server each is about."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import (
    first_use,
    is_comment,
    keys_of,
    keyscan,
    parse_line,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def test_fingerprints_and_hashes_are_those_of_ssh(tmp_path: Path) -> None:
    for kind in ("ed25519", "ecdsa", "rsa"):
        key = tmp_path / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "x", "-f", str(key)], check=True)
        public = key.with_suffix(".pub").read_text().split()
        shown = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True).stdout
        file = tmp_path / "known_hosts"
        file.write_text(f"[git.example.com]:2222 {public[0]} {public[1]}\n")
        plain = parse_line(file.read_text())
        assert plain and plain.fingerprint == shown.split()[1]
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
        hashed = parse_line(file.read_text())
        assert hashed and hashed.names.startswith("|1|") and hashed.fingerprint == plain.fingerprint
        assert hashed.is_of("[git.example.com]:2222") and not hashed.is_of("git.example.com")


@pytest.mark.parametrize(
    ("names", "server", "about"),
    [
        ("git.example.com", "git.example.com", True),
        ("GIT.example.com", "git.example.com", True),
        ("git.example.com", "git.example.com.evil.example", False),
        ("git.example.com", "gitxexample.com", False),
        ("git.example.com", "[git.example.com]:2222", False),
        ("[git.example.com]:2222", "[git.example.com]:2222", True),
        ("a.example,git.example.com", "git.example.com", True),
        ("*.example.com", "git.example.com", True),
        ("*.example.com", "example.com", False),
        ("gi?.example.com", "git.example.com", True),
        ("*.example.com,!git.example.com", "git.example.com", False),
        ("!git.example.com,*.example.com", "git.example.com", False),
        ("2001:db8::1", "2001:db8::1", True),
    ],
)
def test_which_server_a_line_is_about(names: str, server: str, about: bool) -> None:
    key = parse_line(f"{names} {KEY} a comment")
    assert key and key.is_of(server) is about


@pytest.mark.parametrize(
    "line",
    [
        "",
        KEY,
        "git.example.com ssh-ed25519",
        f"git.example.com ssh-rsa {KEY.split()[1]}",
        f"git.example.com ssh-dss {KEY.split()[1]}",
        f"git.example.com {KEY[:-6]}",
        f"git.example.com {KEY}\nevil.example {KEY}",
        f"@cert-autority git.example.com {KEY}",
        f"@revoked {KEY}",
        f"|1|x|y {KEY}",
        f"git;example {KEY}",
        f"git.example.com,, {KEY}",
    ],
)
def test_no_lines(line: str) -> None:
    assert parse_line(line) is None


def test_markers() -> None:
    lines = [f"@revoked git.example.com {KEY}", f"@cert-authority *.example.com {KEY}", "# a comment", "", "nonsense"]
    assert [key.marker for key in keys_of(lines, "git.example.com")] == ["@cert-authority"]
    assert keys_of(lines[:1], "git.example.com") == []
    assert [is_comment(line) for line in lines] == [False, False, True, True, False]


def test_what_to_do() -> None:
    assert keyscan("git.example.com") == "ssh-keyscan git.example.com"
    assert keyscan("[git.example.com]:2222") == "ssh-keyscan -p 2222 git.example.com"
    assert first_use("a", "SHA256:x", f"a {KEY}").endswith(f"known_hosts: ['a {KEY}']")
