"""Connections to hosts: kept for the next command, by the user who made them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab import LabError, ssh

TARGET = ssh.Target("198.18.0.2", "admin", Path("/key"))
LONGEST = 90  # of a socket's path in ssh, which adds some characters while it makes it; %C is forty of them


def test_a_connection_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "SOCKETS", tmp_path / "sockets")
    assert f"ControlPath={tmp_path}/sockets/%C" in TARGET.kept()
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700


def test_sockets_have_short_paths() -> None:
    assert len(f"{ssh.SOCKETS}/") + 40 < LONGEST


def test_none_is_kept_where_that_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "KEPT", 0)
    assert TARGET.kept() == []


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "SOCKETS", tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(LabError, match="belongs to another user"):
        TARGET.kept()


def test_a_command_line_of_its_own_shares_nothing() -> None:
    assert not [word for word in TARGET.argv("true") if word.startswith("Control")]
