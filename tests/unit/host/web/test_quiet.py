"""A moment at which few visitors are connected."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.web import quiet

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = " {}: 0100007F:{:04X} 0200007F:D431 {} 00000000:00000000 00:00000000 00000000     0        0 1\n"
ESTABLISHED, LISTENS, WAITS = "01", "0A", "06"


@pytest.mark.parametrize(
    ("counts", "looks", "taken"),
    [
        pytest.param([0], 9, True, id="no one is there"),
        pytest.param([5], 9, False, id="what is usual is not known yet"),
        pytest.param([5, 7, 6], 9, False, id="as many as ever, while it is learned"),
        pytest.param([5, 7, 6, 6], 9, False, id="more than the least"),
        pytest.param([5, 7, 6, 6, 5], 9, True, id="as few as the least"),
        pytest.param([5, 5, 5, 9, 9, 9, 9, 9], 9, False, id="more and more"),
        pytest.param([5, 5, 5, 9, 9, 9, 9, 9, 9], 9, True, id="the time is over"),
        pytest.param([5], 1, True, id="no time to wait"),
    ],
)
def test_moments(counts: list[int], looks: int, taken: bool) -> None:
    assert quiet.is_quiet(counts, looks) is taken


def test_who_is_connected_is_counted_by_ipv4_and_ipv6(tmp_path: Path) -> None:
    rows = [(443, ESTABLISHED), (80, ESTABLISHED), (443, LISTENS), (443, WAITS), (22, ESTABLISHED)]
    table = HEAD + "".join(ROW.format(number, port, state) for number, (port, state) in enumerate(rows))
    (tmp_path / "tcp").write_text(table)
    assert quiet.count_connections(tmp_path) == 2
    (tmp_path / "tcp6").write_text(table)
    assert quiet.count_connections(tmp_path) == 4


def test_without_a_window_no_run_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "count_connections", lambda: 5)
    monkeypatch.setattr("time.sleep", pytest.fail)
    quiet.wait_until_quiet(0)
