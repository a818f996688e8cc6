"""What the release was made with."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

from .secrets import load

SETTINGS: dict[str, Any] = json.loads(Path(__file__).with_name("settings.json").read_text(encoding="utf-8"))
RELEASE = os.environ["ASGI_RELEASE"]
load(SETTINGS["secrets"])  # before anything of the application is imported


def attribute(path: str) -> Any:
    """What ``package.module:attribute`` names."""
    module, _colon, names = path.partition(":")
    found: Any = importlib.import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    return found
