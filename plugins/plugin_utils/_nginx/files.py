"""The desired state of the role nginx on a host: its files and units, from its plan."""

from __future__ import annotations

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry, PartsOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    CONFIGURATION,
    LOGROTATE,
    NEEDRESTART,
    NGINX,
    NGINX_DEFAULT,
    NGINX_LOGS,
    NGINX_WELCOME,
    REPLACE_NGINX,
    TRIM_LOGS,
    UNITS,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.inspections import InspectionEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import absent, directory, file
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.plan_types import NginxPlan, NginxState


def desired_state(plan: NginxPlan, _here: HostContext) -> NginxState:
    """Return what the tasks of the role take."""
    return {"files": _files(plan), "units": ["nginx.service", "asgi-logs.timer"]}


def inspections(plan: NginxPlan, state: NginxState) -> dict[str, InspectionEntry]:
    """Return what to inspect for a desired state."""
    options: PartsOptions = {
        "packages": plan["packages"],
        "reload": "nginx.service",
        "ports": [80, 443],
        "files": state["files"],
        "units": state["units"],
    }
    return {"host": {"kind": "parts", "options": options}}


def _files(plan: NginxPlan) -> list[FileEntry]:
    """Return all files."""

    def made(path: str, template: str, *, present: bool = True) -> FileEntry:
        """Return a file from a template."""
        return file(path, rendered("nginx", template, plan), present=present)

    return [
        *(directory(f"{NGINX}/{name}") for name in ("http.d", "sites", "below", "metrics.d", "auth", "pages")),
        directory(str(NGINX_LOGS), group="adm", mode="0751"),  # nginx's workers open files in it again
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
        made(str(NGINX_DEFAULT), "default.conf.j2"),
        made(f"{NGINX}/metrics.conf", "metrics.conf.j2"),
        made(str(LOGROTATE), "logrotate.conf.j2"),
        file(str(TRIM_LOGS), rendered("nginx", "trim_logs.sh.j2", plan), mode="0755"),
        file(str(REPLACE_NGINX), rendered("nginx", "replace_nginx.sh.j2", plan), mode="0755"),
        made("/etc/apt/apt.conf.d/61asgi-nginx", "apt_hook.conf.j2"),
        # Also where needrestart is not installed yet: its package keeps what is there.
        made(f"{NEEDRESTART}/asgi-nginx.conf", "needrestart.conf.j2"),
        made(f"{UNITS}/asgi-logs.service", "logs.service.j2"),
        made(f"{UNITS}/asgi-logs.timer", "logs.timer.j2"),
        made(f"{UNITS}/nginx.service.d/asgi-deploy.conf", "sandbox.conf.j2", present=plan["sandbox"]),
    ]
