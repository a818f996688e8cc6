"""Every module begins with the inventory's own release live."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def first(the_inventorys_release: None) -> None:
    """Request the fixture whose parameter this names."""
