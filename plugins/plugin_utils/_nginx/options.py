"""The options of the host's web server: a rule for each, and contradictions between them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import validators as checks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import Inventory

_PLACE = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._~-]*)+")


def place(value: str) -> str | None:
    """Return what is wrong with a path of a URL that nginx compares as it is."""
    return (
        None if _PLACE.fullmatch(value) else f"found {value!r}, expected a path without a slash at its end, as in /up"
    )


def contradictions(proxy_protocol: bool, trusted_proxies: Sequence[str], http3: bool) -> list[str]:
    """Return what is wrong with options together that are right by themselves."""
    errors = []
    if proxy_protocol and not trusted_proxies:
        errors.append(
            "nginx_trusted_proxies: is missing; with nginx_proxy_protocol expected the balancers' addresses, "
            "as in nginx_trusted_proxies: [10.0.0.0/24]"
        )
    if proxy_protocol and http3:
        errors.append("nginx_http3: has no PROXY protocol; leave out nginx_http3 or nginx_proxy_protocol")
    return errors


def conflicts(options: Mapping[str, Json], _inventory: Inventory) -> list[str]:
    """Return what is wrong with the options that the user wrote, together."""
    proxies = options.get("nginx_trusted_proxies")
    return contradictions(
        bool(options.get("nginx_proxy_protocol")),
        [str(network) for network in proxies] if isinstance(proxies, list) else [],
        bool(options.get("nginx_http3")),
    )


RULES: dict[str, checks.Rule] = {
    "nginx_worker_connections": checks.between(64, 1_048_576, "connections"),
    "nginx_client_max_body_size": checks.size,
    "nginx_metrics_port": checks.between(1, 65_535, "(a TCP port)"),
    "nginx_trusted_proxies": checks.networks,
    "nginx_health_path": place,
    "nginx_snippet": checks.snippet,
}
