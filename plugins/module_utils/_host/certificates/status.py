"""What a host has written down of its certificates."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import MOMENT
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import STATE

STATUS = Path(STATE, "certificates.json")


def read_status() -> list[dict[str, Any]]:
    """Return an entry for each certificate; none if there is no certificate yet, or the file is not ours."""
    try:
        found: list[dict[str, Any]] = json.loads(STATUS.read_text(encoding="utf-8"))["certificates"]
    except (FileNotFoundError, ValueError):
        return []
    return found


def write_status(entries: Sequence[dict[str, Any]]) -> None:
    """Write down an entry for each certificate, in place of those of before."""
    STATUS.parent.mkdir(parents=True, exist_ok=True)
    now = time.strftime(MOMENT, time.gmtime())
    write(STATUS, (json.dumps({"written": now, "certificates": entries}, indent=2) + "\n").encode())
