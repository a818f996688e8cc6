"""Units that have yet to take the files that were written for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import pending_units


def refuse() -> None:
    raise RuntimeError("nginx: test failed")


def test_pending_survives_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_units, "PENDING", tmp_path / "pending")
    assert not pending_units.is_pending("nginx.service")
    with pytest.raises(RuntimeError), pending_units.pending_reload("nginx.service"):
        refuse()
    assert pending_units.is_pending("nginx.service")
    with pending_units.pending_reload("nginx.service"):
        assert pending_units.is_pending("nginx.service")
    assert not pending_units.is_pending("nginx.service")


def test_a_restart_that_did_not_come_about_is_still_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload in between is not enough."""
    monkeypatch.setattr(pending_units, "PENDING", tmp_path / "pending")
    with pytest.raises(RuntimeError), pending_units.pending_reload("nginx.service", restart=True):
        refuse()
    assert pending_units.needs_restart("nginx.service")
    with pytest.raises(RuntimeError), pending_units.pending_reload("nginx.service"):
        refuse()
    assert pending_units.needs_restart("nginx.service")
    with pending_units.pending_reload("nginx.service", restart=True):
        pass
    assert not pending_units.needs_restart("nginx.service")
    with pytest.raises(RuntimeError), pending_units.pending_reload("nginx.service"):
        refuse()
    assert pending_units.is_pending("nginx.service") and not pending_units.needs_restart("nginx.service")
