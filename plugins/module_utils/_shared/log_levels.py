"""Levels of log records."""

from __future__ import annotations

# As syslog(3) numbers them; a line without a level of its own has its priority in the journal.
LEVELS = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
