"""Commands in the audit trail."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import recorded_commands
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.recorded_commands import (
    audit_text,
    command_text,
    recorded,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import LAUNCHER, command_line


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("python -m shop.users list --all", "python -m shop.users list --all"),
        ("psql postgresql://shop:hunter22@db/shop", "psql 'postgresql://shop:********@db/shop'"),
        ("login --password=hunter22 -u ada", "login '--password=********' -u ada"),
        ("login 'two words of it'", "login '********'"),
        ("env TOKEN=abc PATH=/bin:hunter22 x", "env 'TOKEN=…' 'PATH=…' x"),
        ("limit 7 77 --n=7", "limit '********' 77 --n=7"),
    ],
)
def test_the_audit_trail_keeps_no_value(command: str, kept: str) -> None:
    assert audit_text(command, ["hunter22", "two words of it", "7", ""]) == kept


@pytest.mark.parametrize("launcher", ["", f"/srv/asgi/shop/releases/%i/{LAUNCHER} "])
@pytest.mark.parametrize("command", ["alembic upgrade head", "sh -c 'echo \"100% $HOME\" \\\\'", "seed 1,2"])
def test_a_command_is_recorded_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, launcher: str, command: str
) -> None:
    monkeypatch.setattr(recorded_commands, "UNITS", tmp_path)
    text = f"[Service]\nExecSearchPath=/bin\nExecStart={launcher}{command_line(command)}\nTimeoutStartSec=60\n"
    (tmp_path / "asgi-shop.command@v1.service").write_text(text, encoding="utf-8")
    assert command_text("asgi-shop.command@v1.service") == command


def test_values_of_its_environment_are_masked(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text('TOKEN="hunter22"\n', encoding="utf-8")
    assert recorded("seed --token=hunter22", tmp_path) == "seed '--token=********'"
