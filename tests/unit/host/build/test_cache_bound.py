"""The bound of what builds keep for the next ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build import cache_bound
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.cache_bound import (
    CacheSize,
    bound_cache,
    measure,
    surplus,
)

KIB = 1024


def fill(path: Path, size: int, at: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    while path != path.parent and path.name != "cache":
        os.utime(path, (at, at))
        path = path.parent


@pytest.fixture(name="cache")
def a_cache(tmp_path: Path) -> Path:
    cache = tmp_path / "cache"
    fill(cache / "uv" / "archive-v0" / "a", 400 * KIB, 3)
    fill(cache / ".cache" / "yarn" / "b", 200 * KIB, 1)
    fill(cache / ".npm" / "_cacache" / "c", 300 * KIB, 2)
    fill(cache / ".cache" / "pip" / "d", 50 * KIB, 4)
    return cache


@pytest.mark.parametrize(
    ("most", "stay"),
    [
        (2000, {"uv", ".npm", ".cache/yarn", ".cache/pip"}),
        (900, {"uv", ".npm", ".cache/pip"}),
        (500, {"uv", ".cache/pip"}),
        (100, {".cache/pip"}),
        (0, set()),
    ],
)
def test_the_longest_unused_go_first(monkeypatch: pytest.MonkeyPatch, cache: Path, most: int, stay: set[str]) -> None:
    monkeypatch.setattr(cache_bound, "limit", lambda _total: most * KIB)
    bound_cache(cache)
    left = {name for name in ("uv", ".npm", ".cache/yarn", ".cache/pip") if (cache / name).exists()}
    assert left == stay


def test_a_link_is_removed_and_not_followed(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    """The build user owns the folder, and may put anything there."""
    fill(tmp_path / "elsewhere" / "kept", 5000 * KIB, 1)
    (cache / ".cache" / "link").symlink_to(tmp_path / "elsewhere")
    (cache / "file").write_bytes(b"x")
    assert measure(cache / ".cache" / "link").bytes < 10 * KIB
    monkeypatch.setattr(cache_bound, "limit", lambda _total: 0)
    bound_cache(cache)
    assert (tmp_path / "elsewhere" / "kept").exists()
    assert [path for path in cache.rglob("*") if path.name != ".cache"] == []


def test_a_folder_of_caches_may_be_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere" / "kept", KIB, 1)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / ".cache").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(cache_bound, "limit", lambda _total: 0)
    bound_cache(tmp_path / "cache")
    assert (tmp_path / "elsewhere" / "kept").exists()
    assert not os.path.lexists(tmp_path / "cache" / ".cache")


def test_a_second_name_of_a_file_counts_once(cache: Path) -> None:
    before = measure(cache / "uv").bytes
    os.link(cache / "uv" / "archive-v0" / "a", cache / "uv" / "again")
    assert measure(cache / "uv").bytes == before


def test_what_fits_stays() -> None:
    assert surplus({"uv": CacheSize(5, 1.0)}, 5) == []
