"""Tables, ages and sizes."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.tables import age, size, table


def test_columns_line_up_and_empty_ones_are_left_out() -> None:
    rows = [{"host": "web1", "state": "ok", "note": ""}, {"host": "a", "state": "maintenance", "note": ""}]
    assert table(rows) == ["HOST  STATE", "web1  ok", "a     maintenance"]


def test_no_rows() -> None:
    assert table([]) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (-3, "0 s"), (59.9, "59 s"), (60, "1 min"), (7199, "1 h"), (86_399, "23 h"), (86_400 * 400, "400 d")],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10 * 2**20, "10 MiB"), (2.25 * 2**40, "2.2 TiB")],
)
def test_size(count: float, text: str) -> None:
    assert size(count) == text
