"""Environment files as developers write them: KEY=value lines.

What shells, docker and python-dotenv read in different ways is refused, not guessed. No message shows a value: it may
be secret.
"""

from __future__ import annotations

import re

_SETTING = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\n|\Z)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}

EXAMPLE = 'KEY=value or KEY="two words"'


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables in the text of an environment file, and what is wrong with it, each with its line."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    errors: list[str] = []
    position = 0
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        if _REST.match(text, position):
            position = _end_of_line(text, position)
            continue
        setting = _SETTING.match(text, position)
        if not setting:
            errors.append(f"line {line}: expected {EXAMPLE}")
            position = _end_of_line(text, position)
            continue
        name = setting[1]
        value, error, position = _value(text, setting.end())
        if error:
            errors.append(f"line {line}: {name} {error}")
        elif name in values:
            errors.append(f"line {line}: {name} was set in line {lines[name]} already")
        else:
            values[name], lines[name] = value, line
    return values, errors


def _value(text: str, start: int) -> tuple[str, str | None, int]:
    """Return a value, what is wrong with it, and where the next line begins."""
    quote = text[start : start + 1]
    if quote not in ("'", '"'):
        end = _end_of_line(text, start)
        return *_unquoted(text[start:end].removesuffix("\n")), end
    quoted = (_SINGLE if quote == "'" else _DOUBLE).match(text, start)
    if not quoted:
        return "", f"has no closing {quote}", len(text)
    end = _end_of_line(text, quoted.end())
    if not _REST.match(text, quoted.end()):
        return "", f"goes on after its closing {quote}", end
    return *(_unescaped(quoted[1]) if quote == '"' else (quoted[1], None)), end


def _unquoted(written: str) -> tuple[str, str | None]:
    """Return a value without quotes, and what is wrong with it."""
    value = re.split(r"(?:^|[ \t])#", written, maxsplit=1)[0].strip(" \t")
    if re.search(r"[ \t'\"`\\]|\$[{(]", value):
        return "", "holds spaces, quotes, backslashes or ${ outside quotes; put its value in single quotes"
    return value, None


def _unescaped(written: str) -> tuple[str, str | None]:
    """Return a value in double quotes, and what is wrong with it."""
    if unknown := [char for char in _ESCAPE.findall(written) if char not in _ESCAPES]:
        return "", f"holds \\{unknown[0]}, which is read differently by different programs; use single quotes"
    if re.search(r"(?<!\\)(?:\\\\)*\$[{(]", written):
        return "", "holds ${ or $(, and nothing is expanded here; use single quotes"
    return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], written), None


def _end_of_line(text: str, position: int) -> int:
    """Return where the next line begins."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1
