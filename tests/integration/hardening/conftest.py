"""What is hardened is reached by connections of their own, so that a door that was shut is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import ssh


@pytest.fixture(scope="session", autouse=True)
def connections_of_their_own() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssh, "KEPT", 0)
        yield
