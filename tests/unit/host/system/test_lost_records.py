"""What journald writes about records that it did not keep."""

from __future__ import annotations

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.lost_records import sum_lost
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


def test_records_of_all_units_of_the_application_are_counted_and_no_others() -> None:
    texts = [
        "Suppressed 9000 messages from asgi-shop@v1-95148f79.service",
        "Suppressed 11 messages from asgi-shop.process-mail-1@v1-95148f79.service",
        "Suppressed 500 messages from asgi-shop-two@v1-95148f79.service",
        "Suppressed 500 messages from ssh.service",
        "Suppressed many messages from asgi-shop@v1-95148f79.service",
        "",
    ]
    assert sum_lost(Layout("shop"), [{"MESSAGE": text} for text in texts]) == 9011
