"""The clock of a host, by which certificates and lists of packages are valid, or not yet, or no longer."""

from __future__ import annotations

import re
import time

# What OpenSSL and libraries above it print, and apt of the lists of a mirror.
_SIGNS = re.compile(
    r"not yet valid|not valid yet|certificate (?:has )?expired|CertExpired|NotValidYet|is expired \(invalid since",
    re.IGNORECASE,
)


def explain(text: str, now: float | None = None) -> str:
    """Return an error, with the time of this host where something is valid at another time.

    Args:
        text: of the error.
        now: seconds of the epoch; by default the clock's.
    """
    return f"{text}\n{describe(now)}" if is_sign(text) else text


def is_sign(text: str) -> bool:
    """Return whether an error is what a wrong clock causes."""
    return bool(_SIGNS.search(text))


def describe(now: float | None = None) -> str:
    """Return what the clock says, and how to set it."""
    moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime(now))
    return (
        f"This host's clock says {moment} UTC; if that is wrong, set it, as with timedatectl set-ntp true, "
        "and run again"
    )
