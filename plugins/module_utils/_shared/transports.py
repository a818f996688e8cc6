"""Which URLs are read in plain text over a network, where everyone on the way can change what comes."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import host_of, is_address

PLAIN = ("ftp", "git", "http")
_SAME = {"git+ssh": "ssh", "ssh+git": "ssh"}  # as git takes them
EXPLAINED = "is not protected on its way"


def transport_of(url: str) -> str:
    """Return by which transport git reads a URL: its scheme, ``ssh`` for user@host:path, ``file`` for a path.

    >>> transport_of("git@git.example.com:shop.git")
    'ssh'
    """
    scheme, separator, _rest = url.partition("://")
    if separator:
        return _SAME.get(scheme.lower(), scheme.lower())
    return "ssh" if ":" in url and not url.startswith("/") else "file"


def plain_transport(url: str) -> str | None:
    """Return the transport of a URL that protects nothing; none for one that does, or that stays on this host."""
    scheme = transport_of(url)
    return scheme if scheme in PLAIN and not _on_loopback(url) else None


def allowed_transports(url: str, local: bool, plain: bool) -> str:
    """Return what git may use for a URL and for where it is led to from there, as GIT_ALLOW_PROTOCOL has it.

    Args:
        url: the repository's.
        local: whether it may be one of this host's folders.
        plain: whether it may be read over a plain transport.
    """
    own = {transport_of(url)} if _on_loopback(url) else set()
    return ":".join(sorted({"https", "ssh", *(("file",) if local else ()), *(PLAIN if plain else own)}))


def unprotected(what: str) -> str:
    """Return what is said of something that the entry takes over a plain transport."""
    return f"{what} {EXPLAINED}, as insecure_transport: true allows"


def ssh_server(url: str) -> str | None:
    """Return the server of a repository over SSH, as known_hosts names it; none for another transport.

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
