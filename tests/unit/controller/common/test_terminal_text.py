"""Text from others does nothing to a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07", id="escape sequences"),
        pytest.param("\x9b2J", r"\x9b2J", id="a control sequence of one character"),
        pytest.param("ok\rfailed\b\b", r"ok\x0dfailed\x08\x08", id="overwritten"),
        pytest.param("a\u202eb\u2066c", r"a\u202eb\u2066c", id="turned round"),
        pytest.param("a\u200bb\ufeff", r"a\u200bb\ufeff", id="not to be seen"),
        pytest.param("a\ud800b", r"a\ud800b", id="half a pair, which no file can hold"),
        pytest.param("a\U000e0041", r"a\U000e0041", id="a tag"),
        pytest.param("one\r\ntwo\n\tthree", "one\ntwo\n\tthree", id="lines and tabs stay"),
        pytest.param("Grüße 🚀 日本", "Grüße 🚀 日本", id="letters stay"),
    ],
)
def test_what_a_terminal_obeys_is_shown_as_text(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    shown = harmless(text)
    assert not [item for item in shown if unicodedata.category(item) in ("Cc", "Cs") and item not in "\n\t"]
    assert harmless(shown) == shown
