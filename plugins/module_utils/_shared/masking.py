"""Masks secrets in texts and values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

MASK = "********"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"  # in the place of a value that is a secret as a whole, as in Ansible
_LINE = 8  # characters: a shorter line of a secret is likely to be found by chance


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text with these secrets masked, also in the forms that JSON and Python write.

    A log is written line by line, so the lines of a secret are masked one by one as well. The longest form is masked
    first, since one may be part of another.
    """
    values = list(secrets)
    forms = {form for value in values for form in (value, json.dumps(value)[1:-1], repr(value)[1:-1])}
    forms |= {line for value in values for line in value.splitlines() if len(line) >= _LINE}
    for form in sorted(filter(None, forms), key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def mask_values(value: Json, secrets: Iterable[str]) -> Json:
    """Return a value without these secrets, masked as Ansible masks what a module returns."""
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    return _without(value, longest_first) if longest_first else value


def _without(value: Json, secrets: Sequence[str]) -> Json:
    if isinstance(value, str):
        if value in secrets:
            return HIDDEN
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, dict):
        return {key: _without(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without(item, secrets) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        text = str(value)
        return HIDDEN if any(secret in text for secret in secrets) else value
    return value
