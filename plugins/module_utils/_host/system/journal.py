"""Lines in the journal of a host that tell what was done there."""

from __future__ import annotations

import syslog


def note(text: str) -> None:
    syslog.openlog("asgi-deploy")
    syslog.syslog(syslog.LOG_INFO, text)
