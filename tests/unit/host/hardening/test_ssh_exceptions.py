"""What a `Match` of sshd's configuration allows again is seen, wherever it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening import ssh_exceptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.ssh_exceptions import (
    configuration,
    unexpected_options,
)

EXPECTED = {"passwordauthentication": "no", "kbdinteractiveauthentication": "no", "permitrootlogin": "no"}


@pytest.fixture
def sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ssh_exceptions, "CONFIGURATION", tmp_path / "sshd_config")
    (tmp_path / "sshd_config.d").mkdir()
    return tmp_path / "sshd_config"


@pytest.mark.parametrize(
    ("text", "actual"),
    [
        ("PasswordAuthentication yes\n", []),
        ("Match User backup\n  PasswordAuthentication yes\n", ["user backup: passwordauthentication yes"]),
        ("match  user=backup\nPASSWORDAUTHENTICATION=yes # x\n", ["user=backup: passwordauthentication yes"]),
        (
            'Match Address "10.0.0.0/8"\n\tKbdInteractiveAuthentication yes\n',
            ["address 10.0.0.0/8: kbdinteractiveauthentication yes"],
        ),
        ("Match Group sftp\nPermitRootLogin yes\n", ["group sftp: permitrootlogin yes"]),
        ("Match User backup\nPasswordAuthentication no\nX11Forwarding yes\n", []),
        ("Match User backup\n# PasswordAuthentication yes\n", []),
        ("Match User backup\nX11Forwarding no\nMatch all\nPasswordAuthentication yes\n", []),
        ("Match User meant\nPasswordAuthentication yes\n", []),
    ],
)
def test_what_is_allowed_again(sshd: Path, text: str, actual: list[str]) -> None:
    sshd.write_text(text)
    seen = unexpected_options(list(configuration(sshd)), EXPECTED, ["User  meant"])
    assert [f"{item.criteria}: {item.option} {item.value}" for item in seen] == actual


def test_included_files_are_read_where_they_are_included(sshd: Path) -> None:
    """What such a file begins ends with it; what comes after belongs to what came before."""
    extra = sshd.parent / "sshd_config.d" / "50-extra.conf"
    extra.write_text("Match User a\nPasswordAuthentication yes\n")
    sshd.write_text("Include sshd_config.d/*.conf\nPasswordAuthentication yes\nMatch User b\nPermitRootLogin yes\n")
    seen = unexpected_options(list(configuration(sshd)), EXPECTED, [])
    assert [(item.place, item.criteria) for item in seen] == [(f"{extra}:2", "user a"), (f"{sshd}:4", "user b")]


def test_files_that_include_each_other_end(sshd: Path) -> None:
    sshd.write_text("Include sshd_config\nMatch User a\nPasswordAuthentication yes\n")
    assert {option.criteria for option in unexpected_options(list(configuration(sshd)), EXPECTED, [])} == {"user a"}


def test_root_by_a_key_is_no_exception_where_root_may_log_in(sshd: Path) -> None:
    sshd.write_text("Match User root\nPermitRootLogin prohibit-password\n")
    expected = {name: value for name, value in EXPECTED.items() if name != "permitrootlogin"}
    assert unexpected_options(list(configuration(sshd)), expected, []) == []
