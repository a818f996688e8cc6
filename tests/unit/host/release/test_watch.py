"""The watch window: what the access log says of a release."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.visits import Switch, Tally, visits
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import (
    AccessLog,
    WatchLimits,
    WatchVerdict,
    error_verdict,
    watch,
)


def line(status: int | str) -> str:
    """Return the log line of a request that no worker answered, long after the switch."""
    return json.dumps({"time": "2026-01-02T03:04:05+00:00", "status": status, "request": "GET /ü?q=1"})


OLD = Switch("v1", "v0", at=0)  # of a time that is over: all that is not answered is the new release's


@pytest.mark.parametrize(
    ("good", "bad", "percent", "errors", "condemned"),
    [
        pytest.param(0, 0, 10, 5, False, id="no requests"),
        pytest.param(100, 0, 10, 5, False, id="no errors"),
        pytest.param(0, 4, 10, 5, False, id="all errors, but too few"),
        pytest.param(0, 5, 10, 5, True, id="all errors, just enough"),
        pytest.param(45, 5, 10, 5, False, id="just that percentage"),
        pytest.param(44, 5, 10, 5, True, id="just above that percentage"),
        pytest.param(1000, 100, 10, 5, False, id="many errors, low percentage"),
        pytest.param(999_999, 1, 0, 1, True, id="any error"),
        pytest.param(0, 100, 100, 1, False, id="never"),
    ],
)
def test_verdict(good: int, bad: int, percent: float, errors: int, condemned: bool) -> None:
    mistakes = error_verdict(Tally(good + bad, bad), WatchLimits(5, percent, errors))
    assert bool(mistakes) is condemned


@pytest.mark.parametrize(("status", "error"), [(499, False), (500, True), (502, True), (599, True), (404, False)])
def test_only_server_errors_count(status: int, error: bool) -> None:
    seen = Tally()
    for visit in visits([line(status)]):
        seen.add(visit)
    assert bool(error_verdict(seen, WatchLimits(5, 0, 1))) is error


def test_text_of_a_verdict() -> None:
    assert error_verdict(Tally(4, 2), WatchLimits(5, 12.5, 2)) == (
        "2 of 4 requests ended with a server error, more than 12.5 percent and at least 2"
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "access.log"
    file.write_text("before\n", encoding="utf-8")
    return file


def add(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def test_log_from_now_on(path: Path) -> None:
    log = AccessLog(path)
    assert log.new_lines() == []
    add(path, "one\ntwo\n")
    assert log.new_lines() == ["one", "two"]
    assert log.new_lines() == []


def test_log_half_a_line(path: Path) -> None:
    log = AccessLog(path)
    add(path, "one\ntw")
    assert log.new_lines() == ["one"]
    assert log.new_lines() == []
    add(path, "o\nthree")
    assert log.new_lines() == ["two"]
    add(path, "\n")
    assert log.new_lines() == ["three"]


def test_log_half_a_character(path: Path) -> None:
    """Whatever is made of the character, the line's status counts."""
    log = AccessLog(path)
    text = (line(500).encode().decode("unicode_escape") + "\n").encode()
    cut = text.index("ü".encode()) + 1
    add(path, text[:cut])
    assert log.new_lines() == []
    add(path, text[cut:])
    assert [visit.status for visit in visits(log.new_lines())] == [500]


def test_log_that_is_not_there_yet(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access.log")
    assert log.new_lines() == []
    add(tmp_path / "access.log", "one\n")
    assert log.new_lines() == ["one"]


def test_log_that_is_gone(path: Path) -> None:
    log = AccessLog(path)
    path.unlink()
    assert log.new_lines() == []


def test_log_that_is_rotated(path: Path) -> None:
    """As logrotate does it: the file is renamed, and a new one begins."""
    log = AccessLog(path)
    add(path, "one\n")
    assert log.new_lines() == ["one"]
    path.rename(path.with_suffix(".1"))
    assert log.new_lines() == []
    path.touch()
    assert log.new_lines() == []
    add(path, "two\n")
    assert log.new_lines() == ["two"]
    add(path, "three\n")
    assert log.new_lines() == ["three"]


def nothing() -> str | None:
    return None


def well(_given_up: Callable[[], str | None]) -> str | None:
    return None


def watched(log: AccessLog, limits: WatchLimits, switch: Switch = OLD, **how: Any) -> WatchVerdict | None:
    return watch(log, switch, limits, how.get("broken", nothing), how.get("ask", well))


def test_watched_to_the_end(path: Path) -> None:
    started = time.monotonic()
    add(path, f"{line(500)}\n" * 100)  # of the release before
    assert watched(AccessLog(path), WatchLimits(0.3, 0, 1)) is None
    assert 0.3 <= time.monotonic() - started < 2


@pytest.mark.parametrize("seconds", [0, 60])
def test_errors_end_the_watch(path: Path, seconds: float) -> None:
    log = AccessLog(path)
    add(path, f"{line(500)}\n")
    started = time.monotonic()
    actual = watched(log, WatchLimits(seconds, 10, 1))
    assert actual and actual.failure.startswith("1 of 1 requests ended with a server error")
    assert time.monotonic() - started < 2


def test_errors_that_come_by_and_by(path: Path) -> None:
    """Errors of several looks are counted together."""

    def visit(texts: Iterable[str]) -> None:
        for text in texts:
            time.sleep(0.3)
            add(path, text)

    visitor = threading.Thread(target=visit, args=([f"{line(500)}\n"] * 3,))
    log = AccessLog(path)
    visitor.start()
    actual = watched(log, WatchLimits(60, 10, 3))
    assert actual and actual.failure.startswith("3 of 3 ")
    visitor.join()


def test_service_that_went_down_ends_the_watch(path: Path) -> None:
    output = iter([None, "the service does not stay up"])
    started = time.monotonic()
    actual = watched(AccessLog(path), WatchLimits(60, 10, 5), broken=lambda: next(output))
    assert actual == WatchVerdict("the service does not stay up")
    assert time.monotonic() - started < 2


def entry(status: int, release: str, ended: float, seconds: float = 0.1) -> str:
    text = {"status": status, "msec": round(ended, 3), "seconds": seconds, "release": release, "upstream": "unix:x"}
    return json.dumps(text) + "\n"


def test_late_answers_of_the_release_before_do_not_condemn_the_new_one(path: Path) -> None:
    """They prolong the watch, and the release is asked at the same time."""
    log, now = AccessLog(path), time.time()
    add(path, entry(504, "", now, 60) * 9 + entry(502, "", now + 0.9) * 9 + entry(200, "v1", now))
    asked: list[float] = []

    def ask(_given_up: Callable[[], str | None]) -> str | None:
        asked.append(time.monotonic())
        return None

    switch = Switch("v1", "v0", at=now - 4)  # for one more second no one knows
    started = time.monotonic()
    assert watched(log, WatchLimits(0.5, 10, 5), switch, ask=ask) is None
    assert 1.2 <= time.monotonic() - started < 10
    assert len(asked) >= 3


@pytest.mark.parametrize(("status", "release", "after"), [(500, "v1", 0.0), (504, "", 5.1)])
def test_what_is_surely_the_new_ones_condemns_it(path: Path, status: int, release: str, after: float) -> None:
    log, now = AccessLog(path), time.time()
    add(path, entry(status, release, now + after + 0.1, 0.1) * 5)
    actual = watched(log, WatchLimits(60, 10, 5), Switch("v1", "v0", at=now))
    assert actual and actual.failure.startswith("5 of 5 requests ended with a server error")


def test_questions_that_go_wrong_condemn_it(path: Path) -> None:
    log, now = AccessLog(path), time.time()
    add(path, entry(504, "", now, 60))
    actual = watched(log, WatchLimits(60, 10, 3), Switch("v1", "v0", at=now), ask=lambda _given_up: "GET /ready failed")
    assert actual == WatchVerdict(
        "3 of 3 requests to its own socket failed, more than 10 percent and at least 3: GET /ready failed"
    )


def test_a_question_without_an_answer_holds_nothing_up(path: Path) -> None:
    def ask(given_up: Callable[[], str | None]) -> str | None:
        while not given_up():
            time.sleep(0.05)
        return given_up()

    log, now = AccessLog(path), time.time()
    add(path, entry(504, "", now, 60))
    started = time.monotonic()
    assert watched(log, WatchLimits(1, 10, 1), Switch("v1", "v0", at=now - 5), ask=ask) is None
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("before", "late", "no_way_back"),
    [
        pytest.param([(200, "v0")] * 9, 0, "", id="did well"),
        pytest.param([(500, "v0")] * 9, 0, "9 of 9", id="its own errors"),
        pytest.param([(499, "")] * 9, 0, "9 of 9", id="visitors who went away"),
        pytest.param([(200, "v0")], 9, "9 of 10", id="what ended after the switch"),
        pytest.param([(500, "v0")] * 4, 0, "", id="too few"),
        pytest.param([(500, "v0")] * 9 + [(200, "v0")] * 9, 0, "", id="as bad"),
        pytest.param([(500, "v9")] * 9, 0, "", id="another release"),
    ],
)
def test_the_way_back(path: Path, before: list[tuple[int, str]], late: int, no_way_back: str) -> None:
    """It leads nowhere if the release before did worse in its last minute."""
    now = time.time()
    add(path, entry(500, "v0", now - 100) * 20)
    add(path, "".join(entry(status, release, now - 30) for status, release in before))
    log = AccessLog(path)
    add(path, entry(504, "", now + 1, 40) * late + entry(500, "v1", now) * 5 + entry(200, "v1", now) * 5)
    actual = watched(log, WatchLimits(60, 10, 5), Switch("v1", "v0", at=now, before_since=now - 1000))
    assert actual and actual.failure.startswith("5 of 10 requests")
    assert (no_way_back in actual.no_way_back) if no_way_back else (actual.no_way_back == "")


def test_lines_before(path: Path) -> None:
    log = AccessLog(path)
    add(path, "after\n")
    assert log.lines_before() == ["before", ""]
    path.rename(path.with_suffix(".1"))
    assert log.lines_before() == []
    path.touch()
    assert log.lines_before() == []
