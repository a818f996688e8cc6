"""The ports on which applications serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import app_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve

NGINX_PORTS = (80, 443)
CHALLENGE_PORT = 80  # where a CA asks, whoever answers


def is_present(app: Mapping[str, Any]) -> bool:
    """Return whether the application must be on the host, from its resolved options."""
    return app.get("state") == "present"


def own_ports(app: Mapping[str, Any]) -> list[int]:
    """The port of an application without nginx."""
    port = (app.get("tls") or {}).get("port")
    return [port] if port is not None and is_present(app) and app.get("proxy") == "none" else []


def public_ports(apps: Sequence[Mapping[str, Any]]) -> list[int]:
    """The ports of applications without nginx, from what the user wrote of them."""
    resolved = (resolve(app_options(), spec)[0] for spec in apps)
    return sorted({port for app in resolved for port in own_ports(app)})


def behind_nginx(apps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether nginx serves any of a host's applications, from what the user wrote of them."""
    return any(app.get("proxy") != "none" and app.get("state") != "absent" for app in apps)


def served_ports(apps: Sequence[Mapping[str, Any]]) -> set[int]:
    """Where a host serves visitors, or the CA that asks; the firewall opens these by itself."""
    return {CHALLENGE_PORT, *(NGINX_PORTS if behind_nginx(apps) else ()), *public_ports(apps)}
