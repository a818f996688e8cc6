"""The watch window: what the access log says of a release."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import (
    AccessLog,
    Watch,
    statuses,
    verdict,
    watch,
)


def line(status: int | str) -> str:
    return json.dumps({"time": "2026-01-02T03:04:05+00:00", "status": status, "request": "GET /ü?q=1"})


def test_statuses() -> None:
    lines = [
        line(200),
        line("502"),
        line(500)[:20],
        "",
        '127.0.0.1 - - "GET / HTTP/1.1" 200 12',
        '{"request": "GET /"}',
        '{"status": "-"}',
        '{"status": null}',
        "[503]",
        "503",
        line(499),
        json.dumps({"status": 500, "release": "v0"}),
        json.dumps({"status": 201, "release": "v1"}),
        json.dumps({"status": 504, "release": "", "upstream": "unix:/srv/asgi/shop/current/app.sock"}),
        json.dumps({"status": 200, "release": "", "upstream": ""}),
    ]
    assert statuses(lines, "v1") == [200, 502, 499, 201, 504]


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
    wrong = verdict([200] * good + [500] * bad, Watch(5, percent, errors))
    assert bool(wrong) is condemned


@pytest.mark.parametrize(("status", "error"), [(499, False), (500, True), (502, True), (599, True), (404, False)])
def test_server_errors_alone_count(status: int, error: bool) -> None:
    assert bool(verdict([status], Watch(5, 0, 1))) is error


def test_text_of_a_verdict() -> None:
    assert verdict([200, 200, 500, 502], Watch(5, 12.5, 2)) == (
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
    assert statuses(log.new_lines(), "v1") == [500]


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


def test_watched_to_the_end(path: Path) -> None:
    started = time.monotonic()
    add(path, f"{line(500)}\n" * 100)  # of the release before
    assert watch(AccessLog(path), "v1", Watch(0.3, 0, 1), nothing) is None
    assert 0.3 <= time.monotonic() - started < 2


@pytest.mark.parametrize("seconds", [0, 60])
def test_errors_end_the_watch(path: Path, seconds: float) -> None:
    log = AccessLog(path)
    add(path, f"{line(500)}\n")
    started = time.monotonic()
    assert str(watch(log, "v1", Watch(seconds, 10, 1), nothing)).startswith("1 of 1 requests ended with a server error")
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
    assert str(watch(log, "v1", Watch(60, 10, 3), nothing)).startswith("3 of 3 ")
    visitor.join()


def test_service_that_went_down_ends_the_watch(path: Path) -> None:
    said = iter([None, "the service does not stay up"])
    started = time.monotonic()
    assert watch(AccessLog(path), "v1", Watch(60, 10, 5), lambda: next(said)) == "the service does not stay up"
    assert time.monotonic() - started < 2
