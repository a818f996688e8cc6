"""Which journald reads its settings once more when files change."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal_services import (
    JournalServices,
    namespace_of,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.journal_settings import JournalSettings


def test_each_file_of_its_settings_is_known() -> None:
    settings = JournalSettings("asgi-my-shop")
    for path in (settings.first, settings.last, settings.of_host, settings.of_host_drop_ins, settings.service):
        assert namespace_of(Path(path)) == "asgi-my-shop", path


@pytest.mark.parametrize(
    "path",
    [
        "/etc/systemd/journald.conf",
        "/etc/systemd/journald.conf.d/60-asgi-hardening.conf",
        "/etc/systemd/system/asgi-shop@v1.service",
        "/etc/systemd/system/nginx.service.d/asgi-deploy.conf",
    ],
)
def test_others_have_none(path: str) -> None:
    assert namespace_of(Path(path)) is None


def test_each_is_noted_once() -> None:
    settings = JournalSettings("asgi-shop")
    actual = JournalServices(map(Path, (settings.last, settings.first, settings.service)))
    assert actual.pending == ["journald@asgi-shop.conf"]
