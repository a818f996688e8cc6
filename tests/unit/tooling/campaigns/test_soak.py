"""The soak: what a foreign client said, and what is written of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.campaigns.foreign import ForeignError, command, parse, speed
from tests.campaigns.soak import LONG, SMALL, Size
from tests.campaigns.soak_report import Row, Soak, section, table

PRINTED = """
Summary:
  Total:\t4.0021 secs
  Slowest:\t0.1033 secs
  Fastest:\t0.0021 secs
  Average:\t0.0080 secs
  Requests/sec:\t198.8955
  Total data:\t52536 bytes
  Size/request:\t66 bytes

Response time histogram:
  0.002 [1]\t|
  0.012 [700]\t|■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■

Status code distribution:
  [200]\t790 responses
  [502]\t3 responses

Error distribution:
  [2]\tPost "https://198.18.0.11/echo": EOF
  [1]\tPost "https://198.18.0.11/echo": read tcp 198.18.0.1:50446->198.18.0.11:443: read: connection reset by peer
"""
ROWS = {
    "switch": Row(2, 1200, own_requests=300),
    "kill": Row(2, 900, {"POST": 3}, 100, 1, 2, {"POST: status 502": 3}),
    "none": Row(6, 3000, own_requests=700),
}
SOAK = Soak(1_790_000_000.0, 620.0, {"Debian": "13.1", "nginx": "1.26.3"}, 5210.4, 200.0, ROWS)


def test_a_report_of_hey_is_read() -> None:
    actual = parse(PRINTED, "POST")
    assert (actual.requests, actual.lost) == (796, Counter(POST=6))
    assert actual.reasons == {
        "POST: status 502": 3,
        'POST: Post "https://198.18.0.11/echo": EOF': 2,
        'POST: Post "https://198.18.0.11/echo": read tcp …->…: read: connection reset by peer': 1,
    }
    assert speed(PRINTED) == 198.8955


def test_what_is_no_report_is_no_count_of_nothing() -> None:
    with pytest.raises(ForeignError, match="found no report of hey: 'panic'"):
        parse("panic", "GET")
    with pytest.raises(ForeignError):
        speed("")


def test_a_quarter_of_the_pace_are_posts() -> None:
    shares = {"GET": 150, "POST": 50}
    get, post = (command("https://192.0.2.1", "shop.test", method, pace, "b") for method, pace in shares.items())
    rates = [int(argv[argv.index("-c") + 1]) * float(argv[argv.index("-q") + 1]) for argv in (get, post)]
    assert rates == [150, 50]
    assert get[-1].endswith("/version") and post[-1].endswith("/echo")
    assert "-disable-keepalive" not in get + post


def test_the_long_one_has_enough_of_everything() -> None:
    least = {"switches": 50, "reloads": 20, "renewals": 10, "recyclings": 20, "kills": 10, "requests": 2_000_000}
    assert all(getattr(LONG, name) >= number for name, number in least.items())
    assert all(getattr(SMALL, name) == 2 for name in least if name != "requests")


def test_events_are_spread_over_the_whole() -> None:
    assert Size(switches=4, reloads=2, renewals=1, kills=1).calm == [
        *("switch", "reload", "switch", "kill", "renewal", "switch", "reload", "switch")
    ]
    assert Counter(LONG.calm) == {"switch": 50, "reload": 20, "renewal": 10, "kill": 10}


def test_the_table() -> None:
    assert table(SOAK) == [
        "| event | times | requests of hey | GET lost | POST lost | requests of tests.traffic | lost | "
        "WebSockets cut |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        "| switch | 2 | 1,200 | 0 | 0 | 300 | 0 | 0 |",
        "| kill | 2 | 900 | 0 | 3 | 100 | 1 | 2 |",
        "| none | | 3,000 | 0 | 0 | 700 | 0 | 0 |",
        "| all | | 5,100 | 0 | 3 | 1,100 | 1 | 2 |",
    ]


def test_the_part_of_the_page_has_its_date_and_its_losses() -> None:
    text = "\n".join(section(SOAK))
    assert "On 2026-09-21, in 10 minutes" in text
    assert "200 requests a second on 40 kept connections, a quarter POSTs; it answered 5210 a second" in text
    assert "| `POST: status 502` | 3 |" in text


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "soak.json"
    file.write_text(json.dumps(SOAK.plain()))
    assert Soak.read(file) == SOAK


@pytest.mark.parametrize(
    ("kind", "row", "nginx", "failures"),
    [
        ("reload", Row(2, 900, {"POST": 4}, 100, 4), "1.26.3", []),
        ("renewal", Row(2, 900, {"POST": 5}, 100), "1.26.3", ["renewal: hey lost 5"]),
        ("reload", Row(2, 900, {"POST": 1}, 100), "1.28.0", ["reload: hey lost 1"]),
        ("reload", Row(2, 900, {}, 100, 0, 1), "1.26.3", ["reload: WebSockets lost 1"]),
        ("switch", Row(2, 900, {"GET": 1}, 100, 1), "1.26.3", ["switch: hey lost 1", "switch: tests.traffic lost 1"]),
        ("kill", Row(2, 900, {"GET": 1}, 100, 1, 1), "1.26.3", []),
    ],
)
def test_losses_that_are_not_explained_fail_the_campaign(kind: str, row: Row, nginx: str, failures: list[str]) -> None:
    actual = Soak(SOAK.began, SOAK.seconds, {"nginx": nginx}, SOAK.capacity, SOAK.pace, {kind: row})
    assert actual.failures == failures
