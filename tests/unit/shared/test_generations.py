"""Generations of a release: which are one, which stands for it, and which is built next."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.generations import (
    following,
    newest_first,
    number,
    origin,
    standing,
    superseded,
)

SHOP = "v1.0.0-9747566f"
OTHER = "v1.1.0-0a1b2c3d"


@pytest.mark.parametrize(
    ("name", "first", "which"),
    [
        (SHOP, SHOP, 1),
        (f"{SHOP}.2", SHOP, 2),
        (f"{SHOP}.10", SHOP, 10),
        ("86a1f5f3e2c18d0d.3", "86a1f5f3e2c18d0d", 3),
        pytest.param("v1.2", "v1.2", 1, id="the number of a version"),
        pytest.param(f"{SHOP}.1", f"{SHOP}.1", 1, id="the first one has no number"),
        pytest.param("v9747566f.2-9747566f", "v9747566f.2-9747566f", 1, id="a version that looks like one"),
    ],
)
def test_a_name_says_which_generation_it_is(name: str, first: str, which: int) -> None:
    assert (origin(name), number(name)) == (first, which)


def test_all_of_one_release_newest_first() -> None:
    there = [SHOP, OTHER, f"{SHOP}.10", f"{SHOP}.9"]
    assert newest_first(f"{SHOP}.9", there) == [f"{SHOP}.10", f"{SHOP}.9", SHOP]
    assert superseded(there) == {SHOP, f"{SHOP}.9"}


@pytest.mark.parametrize(
    ("there", "taken", "whole", "stands"),
    [
        pytest.param([], [], [], SHOP, id="nothing is there"),
        pytest.param([SHOP], [], [SHOP], SHOP, id="a whole one"),
        pytest.param([SHOP], [SHOP], [], f"{SHOP}.2", id="a damaged one"),
        pytest.param([SHOP, f"{SHOP}.2"], [], [SHOP, f"{SHOP}.2"], f"{SHOP}.2", id="the newest"),
        pytest.param([SHOP, f"{SHOP}.2"], [], [SHOP], SHOP, id="the newest whole one"),
        pytest.param([], [SHOP], [], f"{SHOP}.2", id="one that was removed and may still run"),
        pytest.param([OTHER], [f"{OTHER}.2"], [OTHER], SHOP, id="other releases do not count"),
    ],
)
def test_which_generation_stands_for_a_release(
    there: list[str], taken: list[str], whole: list[str], stands: str
) -> None:
    assert standing(SHOP, there, taken, lambda value: value in whole) == stands


def test_a_number_is_not_used_twice() -> None:
    assert following(SHOP, {SHOP, f"{SHOP}.4"}) == f"{SHOP}.5"
