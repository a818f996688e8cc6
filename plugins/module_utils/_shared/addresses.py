"""Addresses where a domain name may stand."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_SCP = re.compile(r"(?:[^@/:\[\]]+@)?(\[[^\]/]+\]|[^@/:\[\]]+):(?!//).*", re.DOTALL)  # as git reads it


def is_address(name: str) -> bool:
    """Whether a domain is an IPv4 or IPv6 address, and no name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def in_url(name: str) -> str:
    """A name or an address as the host of a URL: an IPv6 address is in brackets there."""
    return f"[{name}]" if ":" in name else name


def host_of(url: str) -> str | None:
    """Return the host that a URL leads to, or a repository as git writes it; none for a path, and for an odd URL.

    >>> [host_of(url) for url in ("git@git.example.com:shop.git", "ssh://git@[2001:db8::1]:22/shop.git", "/srv/shop")]
    ['git.example.com', '2001:db8::1', None]
    """
    if "://" in url:
        scheme, _separator, rest = url.partition("://")
        # git takes all up to the first slash for the host, where urlsplit ends it at these, and runs helper::address.
        if ":" in scheme or re.search(r"[#?\\\s]", rest.partition("/")[0]):
            return None
        try:
            host = urlsplit(url).hostname
        except ValueError:  # an address in brackets that is none
            return None
    else:
        found = _SCP.fullmatch(url)
        host = found[1].strip("[]") if found else None
    return host.lower().rstrip(".") if host else None
