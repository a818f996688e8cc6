"""The list of roles, and which of them a host needs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import (
    AFTER_APPS,
    BEFORE_APPS,
    BY_NAME,
    HOST_ROLES,
    needed_roles,
)

from tests import ROOT


def test_every_role_is_in_the_list() -> None:
    assert set(BY_NAME) == {path.parent.parent.name for path in (ROOT / "roles").glob("*/tasks/main.yml")}


def test_the_order_of_a_run() -> None:
    """nginx is there before applications; the firewall closes when all that is reached listens."""
    assert [role.name for role in BEFORE_APPS] == ["nginx", "certificate"]
    assert [role.name for role in AFTER_APPS] == ["hardening"]
    assert "app" not in [role.name for role in HOST_ROLES]


@pytest.mark.parametrize(
    ("apps", "roles"),
    [
        pytest.param([{"name": "shop"}], ["nginx", "hardening"], id="behind nginx"),
        pytest.param([{"name": "shop", "proxy": "none"}], ["hardening"], id="without nginx"),
        pytest.param([{"name": "shop", "proxy": "none"}, {"name": "blog"}], ["nginx", "hardening"], id="one of two"),
        pytest.param([{"name": "shop", "state": "absent"}], ["hardening"], id="removed"),
    ],
)
def test_which_roles_a_host_needs(apps: list[dict[str, Any]], roles: list[str]) -> None:
    assert needed_roles(apps) == roles
