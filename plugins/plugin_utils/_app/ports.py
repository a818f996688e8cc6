"""The ports on which applications serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import app_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve

NGINX_PORTS = (80, 443)
CHALLENGE_PORT = 80  # where a CA asks, whatever answers


def is_present(app: Mapping[str, Json]) -> bool:
    """Return whether the application must be on the host, from its resolved options."""
    return app.get("state") == "present"


def own_ports(app: Mapping[str, Json]) -> list[int]:
    """Return the port of an application without nginx, from its resolved options."""
    tls = app.get("tls")
    port = tls.get("port") if isinstance(tls, Mapping) else None
    return [port] if isinstance(port, int) and is_present(app) and app.get("proxy") == "none" else []


def public_ports(apps: Sequence[Mapping[str, Json]]) -> list[int]:
    """Return the ports of applications without nginx, from what the user wrote of them."""
    resolved = (resolve(app_options(), spec)[0] for spec in apps)
    return sorted({port for app in resolved for port in own_ports(app)})


def behind_nginx(apps: Iterable[Mapping[str, Json]]) -> bool:
    """Return whether nginx serves any of a host's applications, from what the user wrote of them."""
    return any(app.get("proxy") != "none" and app.get("state") != "absent" for app in apps)


def served_ports(apps: Sequence[Mapping[str, Json]]) -> set[int]:
    """Return the ports where a host serves visitors, or the CA that asks; the firewall opens these by itself."""
    return {CHALLENGE_PORT, *(NGINX_PORTS if behind_nginx(apps) else ()), *public_ports(apps)}
