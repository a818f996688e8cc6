"""Whatever an application logs comes to the journal, in one line of JSON that is not longer than the journal takes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.runtime.served import PATIENCE, RUNTIME

SETUP = """
import logging.config
from asgi_deploy_runtime.logs import configuration
log = {"format": %r, "level": "INFO", "levels": {}}
logging.config.dictConfig(configuration({"app": "shop", "log": log}, "v1"))
logger = logging.getLogger("site.cart")
circle = {}
circle["self"] = circle
"""
LINE_MAX = 48 * 1024  # journald.conf(5)


def logged(statements: str, format: str = "json") -> list[bytes]:
    """Return the lines that these statements log."""
    ran = subprocess.run(
        [sys.executable, "-c", SETUP % format + statements],
        env={"PYTHONPATH": str(RUNTIME.parent), "LANG": "C.UTF-8"},
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert not ran.stderr, ran.stderr.decode()
    return ran.stdout.splitlines()


def record(statements: str) -> dict[str, Any]:
    """Return the one record that they log, read as strictly as others read JSON."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    (line,) = logged(statements)
    assert len(line) < LINE_MAX
    result: dict[str, Any] = json.loads(line, parse_constant=refuse)
    assert (result["level"], result["logger"], result["service"], result["release"]) == (
        "INFO",
        "site.cart",
        "shop",
        "v1",
    )
    assert result["timestamp"].startswith("20")
    return result


@pytest.mark.parametrize("format", ["json", "text"])
def test_half_a_character(format: str) -> None:
    (line,) = logged(r"logger.info('bad \ud800 name', extra={'file': '\udc80'})", format)
    assert rb"bad \ud800 name" in line


@pytest.mark.parametrize(
    ("extra", "shown"),
    [
        pytest.param("{(1, 2): 'x'}", "{(1, 2): 'x'}", id="keys that are no text"),
        pytest.param("circle", "{'self': {...}}", id="circle"),
        pytest.param("float('nan')", "nan", id="NaN"),
        pytest.param("[float('-inf')]", "[-inf]", id="infinity"),
        pytest.param("{'price': 5}", {"price": 5}, id="what JSON can say"),
    ],
)
def test_what_json_cannot_say(extra: str, shown: Any) -> None:
    """The rest of the record is as ever."""
    actual = record(f"logger.info('paid', extra={{'order': 7, 'cart': {extra}}})")
    assert (actual["message"], actual["order"], actual["cart"]) == ("paid", 7, shown)


def test_message_with_fields() -> None:
    actual = record("logger.info({'message': 'paid', 'level': 5, (1, 2): circle})")
    assert (actual["message"], actual["extra_level"], actual["(1, 2)"]) == ("paid", 5, "{'self': {...}}")


def test_fields_of_ours_stay_ours() -> None:
    names = ("level", "logger", "exception", "stack", "service", "release", "timestamp")
    actual = record(f"logger.info('paid', extra=dict.fromkeys({names}, 5))")
    assert actual["message"] == "paid"
    assert {actual[f"extra_{name}"] for name in names} == {5}
    assert not {"exception", "stack"} & actual.keys()


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        pytest.param("logger.info('begin ' + 'x' * 60_000 + ' end')", "message", id="message"),
        pytest.param("logger.info('begin ' + '€' * 60_000 + ' end')", "message", id="more bytes than characters"),
        pytest.param("logger.info('paid', extra={'cart': 'begin ' + '\\0' * 60_000 + ' end'})", "cart", id="extra"),
        pytest.param(
            "logger.info('paid', exc_info=ValueError('begin ' + 'x' * 60_000 + ' end'))", "exception", id="exception"
        ),
    ],
)
def test_long_record(statement: str, field: str) -> None:
    """The longest field of it is cut, in its middle: an exception is answer at its end."""
    actual = record(statement)
    text = actual[field]
    assert "begin " in text[:200] and text.endswith(" end")
    assert " characters were cut … " in text
    assert len(json.dumps(actual, ensure_ascii=False).encode()) > 30_000, "no more is cut than has to be"


def test_long_fields_of_all_kinds() -> None:
    actual = record("logger.info('x' * 50_000, extra={'cart': list(range(20_000)), 'note': 'y' * 50_000, 'order': 7})")
    assert actual["order"] == 7
    assert all(" characters were cut … " in actual[name] for name in ("message", "cart", "note"))
