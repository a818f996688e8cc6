"""Every module begins with the inventory's own release live."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def first(the_inventorys_release: None) -> None:
    """See the fixture that it asks for."""
