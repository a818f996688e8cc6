"""The systems that are supported, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What the distribution's own packages can do. nginx: `http2 on;` came in 1.25.1, HTTP/3 in 1.25.0; OpenSSL:
# X25519MLKEM768 in 3.5.
PLATFORMS: dict[tuple[str, str], dict[str, Any]] = {
    ("Debian", "12"): {"nginx_http2_directive": False, "nginx_http3": False, "post_quantum_group": False},
    ("Debian", "13"): {"nginx_http2_directive": True, "nginx_http3": True, "post_quantum_group": True},
}


def platform_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What this host's system can do.

    Raises:
        ValueError: the system is not supported; names it and those that are.
    """
    distribution = str(facts.get("distribution", "unknown"))
    release = str(facts.get("distribution_major_version", "unknown"))
    try:
        return PLATFORMS[distribution, release]
    except KeyError:
        supported = ", ".join(" ".join(system) for system in PLATFORMS)
        raise ValueError(f"this host runs {distribution} {release}; supported are {supported}") from None
