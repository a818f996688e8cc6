"""IP addresses and hosts, where a domain name may be written as well."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_SCP = re.compile(r"(?:[^@/:\[\]]+@)?(\[[^\]/]+\]|[^@/:\[\]]+):(?!//).*", re.DOTALL)  # as git reads it


def is_address(name: str) -> bool:
    """Return whether a domain is an IPv4 or IPv6 address, and no name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def in_url(name: str) -> str:
    """Return a name or an address as the host of a URL, where an IPv6 address is in brackets."""
    return f"[{name}]" if ":" in name else name


def host_of(url: str) -> str | None:
    """Return the host of a URL, or of a repository as git writes it; None for a path, and for a malformed URL.

    >>> [host_of(url) for url in ("git@git.example.com:shop.git", "ssh://git@[2001:db8::1]:22/shop.git", "/srv/shop")]
    ['git.example.com', '2001:db8::1', None]
    """
    if "://" in url:
        scheme, _separator, rest = url.partition("://")
        # For git the host ends at the first slash, for urlsplit also at these; and git runs helper::address.
        if ":" in scheme or re.search(r"[#?\\\s]", rest.partition("/")[0]):
            return None
        try:
            host = urlsplit(url).hostname
        except ValueError:  # brackets without an address
            return None
    else:
        match = _SCP.fullmatch(url)
        host = match[1].strip("[]") if match else None
    return host.lower().rstrip(".") if host else None
