"""Every module begins with the inventory's own release live."""

from __future__ import annotations

import pytest

from tests.integration.hosts import playbook


@pytest.fixture(scope="module", autouse=True)
def the_inventorys_release() -> None:
    playbook().ok()
