"""Inventories that are odd: each ends in messages, never in a traceback."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"hardening_open": [{"port": [1]}]}, "hardening_open: found port [1]"),
        ({"hardening_open": [{"port": 1, "protocol": [1]}]}, "hardening_open: found protocol [1]"),
        ({"hardening_open": "x"}, "hardening_open: found"),
        ({"hardening_close": {}, "hardening_open": [{"port": {}}]}, "hardening_open: found port {}"),
        ({"hardening_bans": "x", "hardening_ban_minutes": 5}, "hardening_bans: found 'x'"),
        ({"nginx_proxy_protocol": [1], "nginx_trusted_proxies": {}}, "nginx_proxy_protocol: found [1]"),
    ],
)
def test_odd_values_of_roles(inventory: dict[str, Any], variables: dict[str, Any], says: str) -> None:
    errors = inventory_errors({**inventory, **variables})
    assert any(error.startswith(says) for error in errors), errors


def test_contradictions_of_wrong_options_are_not_reported(inventory: dict[str, Any]) -> None:
    errors = inventory_errors({**inventory, "hardening_bans": "x", "hardening_ban_minutes": 5})
    assert not any("has no effect" in error for error in errors), errors


def test_an_odd_port_of_an_application_without_nginx(inventory: dict[str, Any]) -> None:
    app = inventory["asgi_apps"][0]
    apps: list[Any] = [{**app, "proxy": "none", "tls": {"port": port}} for port in ("x", 8443)]
    errors = inventory_errors({**inventory, "asgi_apps": apps})
    assert any("tls.port: found 'x'" in error for error in errors), errors


@pytest.mark.parametrize("apps", ["shop", {}, None, [1], [None, {"name": 1}]])
def test_entries_that_are_none(inventory: dict[str, Any], apps: Any) -> None:
    assert inventory_errors({**inventory, "asgi_apps": apps})
