"""Text from others, made harmless for a terminal, a page or a file that a person opens."""

from __future__ import annotations

import re

# Controls but tab and line feed, C1 controls, what turns the direction of text or hides in it, and halves of surrogate
# pairs, which no file can hold. A terminal obeys the first two; the others show a text that is not there.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def harmless(text: str) -> str:
    r"""Return the text with each character that a terminal obeys, or does not show, written as an escape.

    >>> harmless("ok \x1b[2J")
    'ok \\x1b[2J'
    """
    # Most text has none, and str.isprintable() and the like would take line feeds for harmful.
    return _HARMFUL.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
