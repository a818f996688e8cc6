"""What the role nginx wants on a host: its files and units, from what was decided of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    CONFIGURATION,
    LOGROTATE,
    NGINX,
    NGINX_LOGS,
    NGINX_WELCOME,
    TRIM_LOGS,
    UNITS,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import absent, directory, file
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered


def desired_state(plan: Mapping[str, Any], _here: HostContext) -> dict[str, Any]:
    """What its tasks take: `files`, and `units` that are enabled and active."""
    return {"files": _files(plan), "units": ["nginx.service", "asgi-logs.timer"]}


def inspections(plan: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What to look at, for what :func:`desired_state` gave."""
    options = {"packages": plan["packages"], "reload": "nginx.service", "ports": [80, 443], **own}
    return {"host": {"kind": "parts", "options": options}}


def _files(plan: Mapping[str, Any]) -> list[FileEntry]:
    def made(path: str, template: str, *, present: bool = True) -> FileEntry:
        return file(path, rendered("nginx", template, plan), present=present)

    return [
        *(directory(f"{NGINX}/{name}") for name in ("http.d", "sites", "below", "metrics.d", "auth", "pages")),
        directory(str(NGINX_LOGS), group="adm", mode="0751"),  # nginx's workers open anew what is in it
        directory(str(CONFIGURATION)),
        # The package's welcome page claims the port-80 default server.
        absent(str(NGINX_WELCOME)),
        made("/etc/nginx/nginx.conf", "nginx.conf.j2"),
        # What every server of a port begins with.
        made(f"{NGINX}/http.conf", "http.conf.j2"),
        made(f"{NGINX}/https.conf", "https.conf.j2"),
        made(f"{NGINX}/unnamed.conf", "unnamed.conf.j2"),
        made(f"{NGINX}/compress.conf", "compress.conf.j2"),
        made(f"{NGINX}/pages/-/error.html", "error.html.j2"),
        made(f"{NGINX}/pages/-/error.json", "error.json.j2"),
        made(f"{NGINX}/default.conf", "default.conf.j2"),
        made(f"{NGINX}/metrics.conf", "metrics.conf.j2"),
        made(str(LOGROTATE), "logrotate.conf.j2"),
        file(str(TRIM_LOGS), rendered("nginx", "trim_logs.sh.j2", plan), mode="0755"),
        made(f"{UNITS}/asgi-logs.service", "logs.service.j2"),
        made(f"{UNITS}/asgi-logs.timer", "logs.timer.j2"),
        made(f"{UNITS}/nginx.service.d/asgi-deploy.conf", "sandbox.conf.j2", present=plan["sandbox"]),
    ]
