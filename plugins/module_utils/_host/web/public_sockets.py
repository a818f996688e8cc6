"""The sockets on which applications without nginx listen for visitors, by the units that are on disk."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS

_PORT = re.compile(r"^ListenStream=(\d{1,5})$", re.MULTILINE)


def port_of(text: str) -> int:
    """Return the port of a socket's unit, from its text; zero where it has none."""
    listens = _PORT.search(text)
    return int(listens[1]) if listens else 0


def public_sockets(ports: Collection[int], folder: Path = Path(UNITS)) -> dict[int, str]:
    """Return the public listeners of applications without nginx that have one of these ports, by port."""
    files = sorted(folder.glob("asgi-*.public.socket"))
    found = {port_of(file.read_text(encoding="utf-8", errors="replace")): file.name for file in files}
    return {port: name for port, name in found.items() if port in ports}
