"""Which releases stay."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.retention import (
    KeptRelease,
    releases_to_prune,
    unused_venvs,
)

FOUR = [KeptRelease("b", 2, "y"), KeptRelease("d", 4, "z"), KeptRelease("a", 1, "x"), KeptRelease("c", 3, "y")]


@pytest.mark.parametrize(
    ("keep", "protected", "removed"),
    [
        pytest.param(5, set(), [], id="fewer than are kept"),
        pytest.param(4, set(), [], id="as many as are kept"),
        pytest.param(3, set(), ["a"], id="one too many"),
        pytest.param(1, set(), ["c", "b", "a"], id="all but the newest"),
        pytest.param(1, {"a"}, ["c", "b"], id="the live one is the oldest"),
        pytest.param(2, {"a", "b"}, [], id="protected in addition to the newest"),
        pytest.param(2, {"gone"}, ["b", "a"], id="protected but not there"),
    ],
)
def test_to_prune(keep: int, protected: set[str], removed: list[str]) -> None:
    assert releases_to_prune(FOUR, keep, protected) == removed


def test_a_release_that_was_never_finished_goes_first() -> None:
    assert releases_to_prune([*FOUR, KeptRelease("unfinished", 0, None)], 4, {"a"}) == ["unfinished"]


def test_a_generation_that_another_one_replaced_stays_only_where_it_is_needed() -> None:
    releases = [*FOUR, KeptRelease("d.2", 5, "z.2"), KeptRelease("old", 4.5, "z", good=False, superseded=True)]
    assert releases_to_prune(releases, 9, set()) == ["old"]
    assert releases_to_prune(releases, 9, {"old"}) == []


def test_releases_of_the_same_moment_have_an_order() -> None:
    same = [KeptRelease("a", 1, None), KeptRelease("b", 1, None)]
    assert releases_to_prune(same, 1, set()) == releases_to_prune(same[::-1], 1, set()) == ["a"]


@pytest.mark.parametrize(
    ("removed", "unused"),
    [
        pytest.param([], ["orphan"], id="nothing removed"),
        pytest.param(["b"], ["orphan"], id="still used by another"),
        pytest.param(["b", "c"], ["orphan", "y"], id="used by none"),
        pytest.param(["a", "b", "c", "d"], ["orphan", "x", "y", "z"], id="all removed"),
    ],
)
def test_unused_venvs(removed: list[str], unused: list[str]) -> None:
    assert unused_venvs(["z", "y", "x", "orphan"], FOUR, removed) == unused
