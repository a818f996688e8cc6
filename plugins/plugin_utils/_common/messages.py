"""The form of messages: one line of bounded length, without secrets that a user wrote in the wrong place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

_MASK = "********"
WORD_MAX, LENGTH_MAX = 200, 1600
_HEAD, _TAIL = 60, 20

# In a URL: a password with any scheme, and in one of the web a token, which stands for a password.
_PASSWORD = re.compile(r"(?<=://)[^\s/@'\"]*:[^\s/@'\"]*@")
_TOKEN = re.compile(r"(?<=http://|ttps://)[^\s/@'\"]+@")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
_WORD = re.compile(rf"\S{{{WORD_MAX + 1},}}")


def sanitize(text: str) -> str:
    """Return a message without secrets, control characters and excessive length.

    >>> sanitize("found 'https://ops:hunter2@git.example.com/a b'")
    "found 'https://********@git.example.com/a b'"
    """
    text = _KEY.sub("a private key, which is not shown", text)
    text = _TOKEN.sub(f"{_MASK}@", _PASSWORD.sub(f"{_MASK}@", text))
    text = _WORD.sub(lambda word: _cut(word[0], _HEAD, _TAIL), text)
    if len(text) > LENGTH_MAX:
        text = _cut(text, LENGTH_MAX // 2, LENGTH_MAX // 2)
    return "".join(char if visible(char) else repr(char)[1:-1] for char in text)


def visible(char: str) -> bool:
    """Return whether a character is visible, or a space; others could end the line, or control a terminal."""
    return char == " " or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs")


def kind_of(value: Json) -> str:
    """Return the type of a value, in words; the value itself may be secret."""
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    kinds = {"str": "text", "bool": "true or false", "int": "a whole number", "float": "a number"}
    return "nothing" if value is None else kinds.get(type(value).__name__, type(value).__name__)


def _cut(text: str, head: int, tail: int) -> str:
    """Return the beginning and the end of a text, and how many characters are left out."""
    return f"{text[:head]} … ({len(text) - head - tail} characters more) … {text[-tail:]}"
