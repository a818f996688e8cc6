"""Which journals are read for which units."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal


@pytest.mark.parametrize(
    ("units", "options"),
    [
        (["nginx.service"], ["--unit=nginx.service"]),
        ([], []),
        (
            ["asgi-shop@v1.service", "asgi-shop.process-mail-1@v1.service"],
            ["--namespace=+asgi-shop", "--unit=asgi-shop@v1.service", "--unit=asgi-shop.process-mail-1@v1.service"],
        ),
    ],
)
def test_the_own_one_and_the_hosts(units: list[str], options: list[str]) -> None:
    assert journal.journalctl_options(*units) == options
