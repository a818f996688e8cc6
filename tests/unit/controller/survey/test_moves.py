"""Applications that come behind nginx on the port that they have by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import moves

PLAN: dict[str, Any] = {"name": "shop", "state": "present", "direct": None}


@pytest.mark.parametrize(
    ("changes", "stopped", "owners", "moving"),
    [
        ({}, False, ["asgi-shop.public.socket"], ["shop"]),
        ({}, False, ["gunicorn"], []),
        ({}, False, ["asgi-blog.public.socket", "nginx"], []),
        ({}, True, ["asgi-shop.public.socket"], []),
        ({"direct": {"tls": {}}}, False, ["asgi-shop.public.socket"], []),
        ({"state": "absent"}, False, ["asgi-shop.public.socket"], []),
    ],
)
def test_who_moves(changes: dict[str, Any], stopped: bool, owners: list[str], moving: list[str]) -> None:
    plan: Any = {**PLAN, **changes}
    assert moves.behind_nginx([(plan, stopped)], owners) == moving
