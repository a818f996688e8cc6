"""Log records as JSON, each in a line that the journal does not split."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from .logs import with_priority

try:
    from pythonjsonlogger.core import RESERVED_ATTRS
    from pythonjsonlogger.json import JsonEncoder
except ModuleNotFoundError:  # before python-json-logger 3.1
    from pythonjsonlogger.jsonlogger import RESERVED_ATTRS, JsonEncoder  # type: ignore[attr-defined]

# Bytes. journald splits a line of more than 48 KiB: LineMax= of journald.conf(5).
_LONGEST = 48_000
_OURS = {"level", "logger", "message", "exception", "stack", "process", "service", "release", "timestamp"}
# Attributes that are no extras; uvicorn adds the message a second time for terminals.
_KNOWN = {*RESERVED_ATTRS, "color_message"}

# JSON has no NaN.
_encode = JsonEncoder(ensure_ascii=False, allow_nan=False).encode


class Formatter(logging.Formatter):
    """A formatter that writes each record as a JSON object, with its extras."""

    def __init__(self, service: str, release: str) -> None:
        super().__init__()
        self._origin = {"service": service, "release": release}

    def format(self, record: logging.LogRecord) -> str:
        extras = {
            name: value
            for name, value in record.__dict__.items()
            if name not in _KNOWN and not str(name).startswith("_")
        }
        if isinstance(record.msg, dict):
            extras = {**record.msg, **extras}
            message = extras.pop("message", "")
        else:
            message = record.getMessage()
        fields: dict[str, Any] = {"level": record.levelname, "logger": record.name, "message": message}
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            fields["exception"] = record.exc_text
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        fields["process"] = record.process
        fields |= {f"extra_{name}" if name in _OURS else str(name): value for name, value in extras.items()}
        fields |= self._origin
        fields["timestamp"] = datetime.fromtimestamp(record.created, tz=timezone.utc)
        return with_priority(record, _line(fields))


def _line(fields: dict[str, Any]) -> str:
    """Return the fields as JSON; where that is too long, cut the longest fields."""
    line = _written(fields)
    if _size(line) <= _LONGEST:
        return line
    sizes = {name: _size(_encode(_plain(value))) for name, value in fields.items()}
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        value = fields[name]
        text = value if isinstance(value, str) else _encode(_plain(value))
        fields[name] = _cut(text, sizes[name] - (_size(line) - _LONGEST))
        line = _written(fields)
        if _size(line) <= _LONGEST:
            break
    return line


def _written(fields: Mapping[str, Any]) -> str:
    try:
        return _encode(fields)
    except Exception:  # an object may raise anything when it is read
        return _encode({name: _plain(value) for name, value in fields.items()})


def _plain(value: Any) -> Any:
    """Return the value, or a text for what JSON cannot express: keys that are no text, circles, NaN."""
    try:
        _encode(value)
    except Exception:  # as above
        return _text(value)
    return value


def _text(value: Any) -> str:
    for describe in (str, repr):
        with suppress(Exception):  # an object may raise anything when it is described
            return describe(value)
    return f"__could_not_encode__: {type(value).__name__}"


def _cut(text: str, room: int) -> str:
    """Return the beginning and the end of a text, as much as fits into `room` bytes."""
    kept = max(room // 2, 0)
    while True:
        end = len(text) - kept
        short = f"{text[:kept]} … {end - kept} characters were cut … {text[end:]}"
        if kept == 0 or _size(_encode(short)) <= room:
            return short
        kept = kept * 9 // 10


def _size(text: str) -> int:
    return len(text.encode(errors="backslashreplace"))
