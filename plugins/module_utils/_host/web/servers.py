"""Whose server in nginx has a name, from the files of applications that are there."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX

_NAMES = re.compile(r"^\s*server_name ([^;]+);", re.MULTILINE)


def server_owners(names: Collection[str], folder: Path = Path(NGINX, "sites")) -> list[str]:
    """Return the applications that have a server with one of these names, as nginx writes them."""
    owners = []
    for file in sorted(folder.glob("*.conf")) if names else []:
        text = file.read_text(encoding="utf-8", errors="replace")
        if not {name for line in _NAMES.findall(text) for name in line.split()}.isdisjoint(names):
            owners.append(file.stem)
    return owners
