"""Texts without the secrets in them."""

from __future__ import annotations

import json
from collections.abc import Iterable

MASK = "********"
_LINE = 8  # characters: a shorter line of a secret is likely to be found by chance


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets, also as JSON and Python write them.

    A log has one line at a time, so the lines of a secret are masked one by one as well. The longest comes first, since
    one may be part of another.
    """
    values = list(secrets)
    forms = {form for value in values for form in (value, json.dumps(value)[1:-1], repr(value)[1:-1])}
    forms |= {line for value in values for line in value.splitlines() if len(line) >= _LINE}
    for form in sorted(filter(None, forms), key=len, reverse=True):
        text = text.replace(form, MASK)
    return text
