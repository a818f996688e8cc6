"""Content addresses: the same inputs have the same name, and any other input another one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any


def digest(inputs: Mapping[str, Any]) -> str:
    """A SHA-256 over the canonical JSON of `inputs`, in hex."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def installable(wanted: Iterable[str], installed: Mapping[str, str]) -> list[str]:
    """The server's requirements beside what the application has locked, by normalised name: the latter's version wins.

    >>> installable(["gunicorn==27.0.1", "uvicorn==0.54.0"], {"uvicorn": "0.50.0"})
    ['gunicorn==27.0.1', 'uvicorn']
    """
    requirements = []
    for requirement in wanted:
        name = requirement.split("==", 1)[0]
        requirements.append(name if normalised(name.split("[", 1)[0]) in installed else requirement)
    return requirements


def normalised(name: str) -> str:
    """A distribution's name as all its spellings have it in common."""
    return re.sub(r"[-_.]+", "-", name).lower()
