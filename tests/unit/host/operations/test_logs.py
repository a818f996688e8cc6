"""Which lines of the journal and of nginx's log are shown, and how they read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.logs import (
    Query,
    access_lines,
    after,
    journal_line,
    newest,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

UNIT = "asgi-shop@v1-0a1b2c3d.service"
AT = 1_763_812_800_250_000  # 2025-11-22 12:00:00.250
SAID = {"level": "ERROR", "logger": "shop.cart", "message": "no stock", "request_id": "5f0c6f2b1d5e"}


def entry(said: Any, unit: str = UNIT, **more: Any) -> dict[str, Any]:
    text = said if isinstance(said, str) else json.dumps(said)
    return {"MESSAGE": text, "PRIORITY": "6", "_SYSTEMD_UNIT": unit, "__REALTIME_TIMESTAMP": str(AT), **more}


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (entry(SAID), "v1-0a1b2c3d [5f0c6f2b1d5e] ERROR shop.cart: no stock"),
        (entry("Booting"), "v1-0a1b2c3d Booting"),
        (entry("ping", "asgi-shop.process-queue-1@v1-0a1b2c3d.service"), "v1-0a1b2c3d process-queue-1 ping"),
        (entry("Started", "init.scope", UNIT=UNIT, _PID="1"), "v1-0a1b2c3d systemd Started"),
        # What logs on behalf of a unit has ended before the journal looks who it was.
        ({**entry("is down", ""), "OBJECT_SYSTEMD_UNIT": UNIT, "_UID": "0"}, "v1-0a1b2c3d is down"),
        (entry("crashed", "systemd-coredump@1.service", COREDUMP_UNIT=UNIT, _UID="0"), "v1-0a1b2c3d crashed"),
        (entry("of a machine", "another.service"), "systemd of a machine"),
        (entry("twice", PRIORITY=["6", "3"]), "v1-0a1b2c3d twice"),
        (entry("of its own", PRIORITY="loud"), "v1-0a1b2c3d of its own"),
        ({**entry(""), "MESSAGE": ["one", "two"]}, "v1-0a1b2c3d one"),
        ({**entry(""), "MESSAGE": [111, 110, 101]}, "v1-0a1b2c3d one"),
        (entry({"level": 30, "logger": "pino", "message": "its own JSON"}), "v1-0a1b2c3d 30 pino: its own JSON"),
        (
            entry({**SAID, "exception": "Traceback\n E"}),
            "v1-0a1b2c3d [5f0c6f2b1d5e] ERROR shop.cart: no stock\nTraceback\n E",
        ),
        # What an application may write itself.
        (entry("forged", UNIT="asgi-shop.x"), "v1-0a1b2c3d forged"),
        (entry("forged", UNIT="asgi-shop@v9.service", _PID="7"), "v1-0a1b2c3d forged"),
        (entry("forged", OBJECT_SYSTEMD_UNIT="asgi-shop@v9.service", _UID="990"), "v1-0a1b2c3d forged"),
        (entry("forged", "asgi-shop.nothing"), "systemd forged"),
        (entry("forged", PRIORITY="9" * 5000), "v1-0a1b2c3d forged"),
        (entry("forged", PRIORITY="٣"), "v1-0a1b2c3d forged"),
        (entry("[" * 100_000), f"v1-0a1b2c3d {'[' * 100_000}"),
        (entry('{"a": ' + "[" * 100_000), 'v1-0a1b2c3d {"a": ' + "[" * 100_000),
        (entry({**SAID, "level": ["x"]}), f"v1-0a1b2c3d {json.dumps({**SAID, 'level': ['x']})}"),
        (entry({**SAID, "request_id": {"a": 1}, "stack": [1]}), "v1-0a1b2c3d ERROR shop.cart: no stock"),
        ({**entry(""), "MESSAGE": [[111, 110, 101], "x"]}, "v1-0a1b2c3d one"),
        ({**entry(""), "MESSAGE": [999, -1]}, "v1-0a1b2c3d "),
        ({**entry(""), "MESSAGE": {"a": 1}}, "v1-0a1b2c3d "),
    ],
)
def test_how_a_record_reads(record: dict[str, Any], text: str) -> None:
    line = journal_line(Layout("shop"), record, Query(50))
    assert line is not None
    assert line.text == f"2025-11-22 12:00:00.250 {text}"


@pytest.mark.parametrize(
    ("record", "query", "shown"),
    [
        (entry(SAID), Query(50, level="error"), True),
        (entry(SAID), Query(50, level="critical"), False),
        (entry({**SAID, "level": "DEBUG"}), Query(50, level="info"), False),
        (entry("plain", PRIORITY="3"), Query(50, level="error"), True),
        (entry("plain"), Query(50, level="error"), False),
        (entry(SAID), Query(50, request="5f0c6f2b1d5e"), True),
        (entry(SAID), Query(50, request="5f0c6f2b1d5f"), False),
        (entry("INFO shop [5f0c6f2b1d5e]: paid"), Query(50, request="5f0c6f2b1d5e"), True),
        (entry("INFO shop: paid"), Query(50, request="5f0c6f2b1d5e"), False),
    ],
)
def test_which_records_are_shown(record: dict[str, Any], query: Query, shown: bool) -> None:
    assert (journal_line(Layout("shop"), record, query) is not None) is shown


ACCESS = {
    "time": "2025-11-22T13:00:00+01:00",
    "request_id": "5f0c6f2b1d5e",
    "client": "192.0.2.1",
    "method": "GET",
    "uri": "/cart?id=1",
    "status": 500,
    "seconds": 0.012,
    "release": "v1-0a1b2c3d",
}


RECORDS = [entry(text, __CURSOR=f"s={number}") for number, text in enumerate(("one", "two", "three"))]


def test_the_newest_ones_and_where_to_go_on() -> None:
    actual = newest(Layout("shop"), reversed(RECORDS), Query(2))
    assert [line.text.split()[-1] for line in actual.lines] == ["three", "two"]
    assert actual.cursor == "s=2"
    assert newest(Layout("shop"), [], Query(2)).cursor is None


def test_all_that_came_since() -> None:
    """However many are asked for: one who follows misses none."""
    actual = after(Layout("shop"), RECORDS[1:], Query(1, cursor="s=0"))
    assert [line.text.split()[-1] for line in actual.lines] == ["two", "three"]
    assert actual.cursor == "s=2"
    assert after(Layout("shop"), [], Query(1, cursor="s=2")).cursor == "s=2"


def test_nginxs_lines() -> None:
    lines = [json.dumps(ACCESS), json.dumps({**ACCESS, "request_id": "another-one"}), '{"time": "half a']
    actual = [line.text for line in access_lines(lines, Query(50, request="5f0c6f2b1d5e"))]
    text = "nginx v1-0a1b2c3d [5f0c6f2b1d5e] GET /cart?id=1 500 in 12 ms for 192.0.2.1"
    assert actual == [f"2025-11-22 12:00:00.000 {text}"]
    assert len(list(access_lines(lines, Query(50)))) == 2
    assert list(access_lines(lines, Query(50, since=AT / 1e6 + 1))) == []
