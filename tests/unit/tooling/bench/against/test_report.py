"""The comparison of two commits says which is slower, by the median of processor time."""

from __future__ import annotations

from tests.bench.against.report import Pair, Spent, report


def pair(before: float, after: float, wall: float = 1.0) -> Pair:
    return Pair(Spent(before, 1.0), Spent(after, wall))


def test_a_row_has_medians_and_the_range_of_ratios() -> None:
    actual = [pair(1.0, 0.9), pair(2.0, 2.04, wall=3.0), pair(4.0, 4.8)]
    assert "| a release | 2.00 s | 2.04 s | 1.020 | 0.900 | 1.200 | 1.000 |" in report("abc", {"a release": actual})


def test_a_request_is_shown_in_microseconds() -> None:
    assert "| a request | 250 µs | 251 µs | 1.004 |" in report("abc", {"a request": [pair(250e-6, 251e-6)]})


def test_time_on_the_clock_makes_no_commit_slower() -> None:
    assert report("abc", {"a release": [pair(1.0, 1.03, wall=9.0)]}).endswith("\nNot slower than abc.")


def test_a_commit_that_takes_more_is_slower() -> None:
    text = report("abc", {"a release": [pair(1.0, 1.04)], "a request": [pair(1.0, 1.0)]})
    assert text.endswith("\nSlower than abc by more than 1.03: a release.")
