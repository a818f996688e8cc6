"""The status of a host's certificates, in a file for monitoring."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import MOMENT
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import STATE

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import CertificateStatus

STATUS = Path(STATE, "certificates.json")


def read_status() -> list[CertificateStatus]:
    """Return an entry for each certificate; none if there is no certificate yet, or the file is not JSON."""
    try:
        entries: list[CertificateStatus] = json.loads(STATUS.read_text(encoding="utf-8"))["certificates"]
    except (FileNotFoundError, ValueError):
        return []
    return entries


def write_status(entries: Sequence[CertificateStatus]) -> None:
    """Write an entry for each certificate, in place of the former ones."""
    STATUS.parent.mkdir(parents=True, exist_ok=True)
    now = time.strftime(MOMENT, time.gmtime())
    write(STATUS, (json.dumps({"written": now, "certificates": entries}, indent=2) + "\n").encode())
