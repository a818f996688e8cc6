"""The systems that are supported, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What the distribution's own packages can do. nginx: HTTP/3 came in 1.25.0, `http2 on;` in 1.25.1,
# `keepalive_min_timeout` in 1.27.4; OpenSSL: X25519MLKEM768 in 3.5; OpenSSH: mlkem768x25519 in 9.9.
_OLD = {
    "nginx_http2_directive": False,
    "nginx_http3": False,
    "nginx_keepalive_min_timeout": False,
    "post_quantum_group": False,
    "post_quantum_ssh": False,
}
_NEW = {**dict.fromkeys(_OLD, True), "nginx_keepalive_min_timeout": False}
_NEWEST = dict.fromkeys(_OLD, True)
PLATFORMS: dict[tuple[str, str], dict[str, Any]] = {
    ("Debian", "12"): _OLD,
    ("Debian", "13"): _NEW,
    ("Debian", "14"): _NEWEST,
}
# Before its release a Debian has no number: facts have "forky/sid" there, or "n/a" once lsb-release is installed.
NUMBERS = {"forky": "14"}


def system_of(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Name and major version of this host's system."""
    distribution = str(facts.get("distribution", "unknown"))
    major = str(facts.get("distribution_major_version", "unknown"))
    if distribution == "Debian":
        major = NUMBERS.get(str(facts.get("distribution_release")), major)
    return distribution, major


def platform_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What this host's system can do.

    Raises:
        ValueError: the system is not supported; names it and those that are.
    """
    system = system_of(facts)
    try:
        return PLATFORMS[system]
    except KeyError:
        supported = ", ".join(map(" ".join, PLATFORMS))
        raise ValueError(f"this host runs {' '.join(system)}; supported are {supported}") from None
