"""Addresses where a domain name may stand."""

from __future__ import annotations

import ipaddress


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
