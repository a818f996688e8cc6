"""What a restart of a release restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations import restart
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import background
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.mark.parametrize(("uploads", "more"), [(False, []), (True, ["asgi-shop.media.service"])])
def test_what_sends_uploads_is_restarted_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uploads: bool, more: list[str]
) -> None:
    for module in (restart, background):
        monkeypatch.setattr(module, "UNITS", tmp_path)
    if uploads:
        (tmp_path / "asgi-shop.media.service").touch()
    assert restart.services_of(Layout("shop"), "v1-0a1b2c3d") == ["asgi-shop@v1-0a1b2c3d.service", *more]
