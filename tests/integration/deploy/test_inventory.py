"""A wrong word in an inventory ends the run before any host is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.refused import INVENTORY, refusal


@pytest.mark.parametrize(
    ("right", "errors", "message"),
    [
        ("version:", "verison:", "asgi_apps[0] (shop).verison: is not an option; did you mean version?"),
        ("      - name: shop\n        git", "      - git", "asgi_apps[0].name: is missing"),
        ("        module: shop.main:app\n", "", "asgi_apps[0] (shop).module: is missing"),
        ("        domains: [shop.example.com]\n", "", "asgi_apps[0] (shop).domains: is missing"),
        (
            "shop.main:app",
            "shop.main",
            "found 'shop.main', expected package.module:attribute, as in module: shop.main:app",
        ),
        ("[shop.example.com]", "[shop_1.example.com]", "domains: found 'shop_1.example.com', expected a host name"),
        ("name: shop", "name: My Shop", "name: found 'My Shop', expected at most 24 lower-case letters"),
        (
            "certificate_email:",
            "certificate_emial:",
            "certificate_emial: is not a variable of asgi.deploy; did you mean",
        ),
        ("    asgi_apps:", "    asgi_app:", "asgi_apps: is missing; expected a list"),
    ],
    ids=lambda value: None,
)
def test_says_what_is_wrong(tmp_path: Path, right: str, errors: str, message: str) -> None:
    assert right in INVENTORY
    assert message in refusal(tmp_path, INVENTORY.replace(right, errors, 1))
