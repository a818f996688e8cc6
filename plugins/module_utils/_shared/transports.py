"""Transports of URLs: which of them are plain, so that anyone on the network path can change the content."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of, is_address

PLAIN = ("ftp", "git", "http")
_SAME = {"git+ssh": "ssh", "ssh+git": "ssh"}  # as in git
EXPLAINED = "is not protected on its way"


def transport_of(url: str) -> str:
    """Return the transport by which git reads a URL: its scheme, ``ssh`` for user@host:path, ``file`` for a path.

    >>> transport_of("git@git.example.com:shop.git")
    'ssh'
    """
    scheme, separator, _rest = url.partition("://")
    if separator:
        return _SAME.get(scheme.lower(), scheme.lower())
    return "ssh" if ":" in url and not url.startswith("/") else "file"


def plain_transport(url: str) -> str | None:
    """Return the transport of a URL if it protects nothing; None if it does, or if the URL stays on this host."""
    scheme = transport_of(url)
    return scheme if scheme in PLAIN and not _on_loopback(url) else None


def allowed_transports(url: str, local: bool, plain: bool) -> str:
    """Return the transports that git may use for a URL and for redirects from it, for GIT_ALLOW_PROTOCOL.

    Args:
        url: of the repository.
        local: whether it may be a folder of this host.
        plain: whether it may be read over a plain transport.
    """
    own = {transport_of(url)} if _on_loopback(url) else set()
    return ":".join(sorted({"https", "ssh", *(("file",) if local else ()), *(PLAIN if plain else own)}))


def unprotected(what: str) -> str:
    """Return the warning about something that the entry accepts over a plain transport."""
    return f"{what} {EXPLAINED}, as insecure_transport: true allows"


def ssh_server(url: str) -> str | None:
    """Return the server of a repository over SSH, as known_hosts names it; None for another transport.

    >>> ssh_server("ssh://git@git.example.com:2222/shop.git")
    '[git.example.com]:2222'
    """
    host = host_of(url) if transport_of(url) == "ssh" else None
    if host is None:
        return None
    try:
        port = urlsplit(url).port if "://" in url else None
    except ValueError:
        return None
    return f"[{host}]:{port}" if port not in (None, 22) else host


def _on_loopback(url: str) -> bool:
    host = host_of(url) if "://" in url else None
    if host is None:
        return False
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
