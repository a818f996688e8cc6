"""Applications that have a server of a name in nginx, from the files of their sites."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX

_NAMES = re.compile(r"^\s*server_name ([^;]+);", re.MULTILINE)


def server_owners(names: Collection[str], folder: Path = Path(NGINX, "sites")) -> list[str]:
    """Return the applications that have a server with one of these names, as server_name of nginx has them."""
    owners = []
    for file in sorted(folder.glob("*.conf")) if names else []:
        text = file.read_text(encoding="utf-8", errors="replace")
        if not {name for line in _NAMES.findall(text) for name in line.split()}.isdisjoint(names):
            owners.append(file.stem)
    return owners
