"""Text from hosts and users, made safe for a terminal, a page or a file."""

from __future__ import annotations

import re

# Controls except tab and line feed, C1 controls, characters that change the direction of text or are invisible, and
# halves of surrogate pairs, which no file can hold. A terminal obeys the first two; others make text look different.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def harmless(text: str) -> str:
    r"""Return the text with each character that a terminal obeys, or does not show, written as an escape.

    >>> harmless("ok \x1b[2J")
    'ok \\x1b[2J'
    """
    # str.isprintable() and the like would count line feeds as harmful.
    return _HARMFUL.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    """Return a character as an escape."""
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
