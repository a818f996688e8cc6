"""Other firewalls, by their settings."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.exposure import ufw_is_enabled


@pytest.mark.parametrize(
    ("settings", "enabled"),
    [
        ("# /etc/ufw/ufw.conf\n# Set to yes to start on boot.\nENABLED=yes\nLOGLEVEL=low\n", True),
        ("ENABLED=YES\n", True),
        ("ENABLED='yes'\n", True),
        ("ENABLED=no\nLOGLEVEL=low\n", False),
        ("#ENABLED=yes\nENABLED=no\n", False),
        ("ENABLED=yes\nENABLED=no\n", False),
        ("ENABLED=yesterday\n", False),
        ("", False),
    ],
)
def test_ufw(settings: str, enabled: bool) -> None:
    assert ufw_is_enabled(settings) is enabled
