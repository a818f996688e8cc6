"""How an application is served: the requirements of its server, its settings, and its errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.kept_connections import Keepalive
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import (
    normalised,
    unlocked,
    without,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.server_versions import unfit_requirement
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions, HookOptions, ServerSettings
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import (
    DirectPlan,
    RuntimeSettings,
    ServingPlan,
    Setting,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import (
    GUNICORN,
    GUNICORN_ASGI,
    GUNICORN_WSGI,
    HOOKS,
    SETTINGS,
    UVICORN,
    Effect,
    No,
    To,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import prefix

# The distributions that each server consists of; the default of `server_requirements` holds all of them.
_ASGI_SPEED = {"uvloop", "httptools", "websockets"}
NEEDS: dict[str, set[str]] = {
    GUNICORN: {"gunicorn", "uvicorn", "setproctitle", *_ASGI_SPEED},
    GUNICORN_ASGI: {"gunicorn", "uvicorn", "uvloop", "setproctitle"},
    UVICORN: {"uvicorn", "setproctitle", *_ASGI_SPEED},
    GUNICORN_WSGI: {"gunicorn", "setproctitle"},
}
# What else the lock holds, each with what needs it.
NEEDED_BY = {"click": "uvicorn", "h11": "uvicorn"}
# Seconds that an unused connection is kept: without nginx as long as nginx would; behind nginx longer than nginx does.
DIRECT_KEEPALIVE = 65
# The same without nginx for a replaced release and for a process that is to end: visitors connect to another one.
DIRECT_IDLE = 5
LEAST_KEEPALIVE = 10
# Seconds between two pings of a WebSocket, where nginx's patience allows it.
PING = 20.0
# Bytes of a request's head behind nginx, which lets less through: nginx.conf has large_client_header_buffers.
HEAD = 128 * 1024
HEADER = 32 * 1024
# The same without nginx, as in the runtime's bounds.py.
DIRECT_HEAD = 64 * 1024

OPTIONAL = {"json": "python-json-logger", "metrics": "prometheus-client"}


def setting_errors(app: AppOptions, spec: Mapping[str, Json], where: str) -> list[str]:
    """Return an error for each setting without an effect in the application's server, with what to write instead.

    `spec` is what the user wrote: a default says nothing.
    """
    server, settings = app["server"], app["settings"]
    errors = []
    for name, effects, value in _written(settings, settings["hooks"]):
        if isinstance(effect := effects[server], No):
            errors.append(
                f"{where}settings.{name}: found {value!r}, which server: {server} does not take: {effect.reason}"
            )
    if server == GUNICORN_WSGI and (settings["threads"] or 1) < 2:
        if settings["worker_connections"] is not None:
            errors.append(
                f"{where}settings.worker_connections: a worker without threads takes one connection; write threads"
            )
        if settings["keepalive"] is not None:
            errors.append(f"{where}settings.keepalive: a worker without threads closes every connection; write threads")
    h11 = isinstance(SETTINGS["http"][server], No) or settings["http"] == "h11"
    if settings["h11_max_incomplete_event_size"] is not None and not h11:
        errors.append(f"{where}settings.h11_max_incomplete_event_size: only the parser h11 reads it; write http: h11")
    if settings["max_requests_jitter"] and not settings["max_requests"]:
        errors.append(f"{where}settings.max_requests_jitter: is added to max_requests, which is missing; write both")
    if prefix(app["site"]["path"]) and settings["root_path"] is not None:
        errors.append(f"{where}settings.root_path: is what site.path says; leave it out")
    return errors + _direct_errors(app, spec, where) + _health_errors(app, where)


def _health_errors(app: AppOptions, where: str) -> list[str]:
    """Return an error for each path that two options name: only one of them would be answered."""
    health = app["health"]
    asked = {
        "health.liveness": health["liveness"],
        "health.metrics": health["metrics"],
        "health.readiness": health["readiness"],
    }
    owners: dict[str, str] = {}
    errors = []
    for name, path in asked.items():
        if path is not None and (owner := owners.setdefault(path, name)) != name:
            errors.append(f"{where}{name}: found {path!r}, which is {owner} already; each needs a path of its own")
    gate = _gate_path(app)
    if gate and owners.get(gate) in ("health.liveness", "health.metrics"):
        errors.append(
            f"{where}gate.path: found {gate!r}, which is {owners[gate]} and is answered without the application, so "
            "that the gate would let a broken one pass; write a path of the application's own, "
            "as in gate: {path: /ready}"
        )
    return errors


def _direct_errors(app: AppOptions, spec: Mapping[str, Json], where: str) -> list[str]:
    """Return what contradicts serving with or without nginx."""
    tls = app["tls"]
    errors = []
    if (tls["certificate"] is None) != (tls["key"] is None):
        missing = "key" if tls["key"] is None else "certificate"
        errors.append(f"{where}tls.{missing}: is missing; a certificate and its key are given together, or neither")
    if app["proxy"] == "nginx":
        written = spec.get("tls")
        if others := sorted(written.keys() - {"certificate", "key"}) if isinstance(written, Mapping) else []:
            errors.append(
                f"{where}tls.{others[0]}: is for proxy: none, and nginx, which ends TLS here, does not read it; "
                "leave it out, or write proxy: none"
            )
        if app["settings"]["keepalive"] is not None and app["settings"]["keepalive"] < LEAST_KEEPALIVE:
            errors.append(
                f"{where}settings.keepalive: found {app['settings']['keepalive']}, expected at least {LEAST_KEEPALIVE} "
                "seconds: longer than nginx keeps a connection, so that none is closed on a request"
            )
        return errors
    if app["server"] not in (GUNICORN, UVICORN):
        errors.append(
            f"{where}server: found {app['server']!r}, which cannot serve without nginx; write {GUNICORN} or {UVICORN}"
        )
    watch = spec.get("watch")
    errors += [
        f"{where}watch.{name}: counts errors in nginx's access log, and proxy: none has no nginx; leave it out"
        for name in ("error_percent", "errors")
        if isinstance(watch, Mapping) and watch.get(name) is not None
    ]
    if (tls["client_certificates"] == "none") != (tls["client_ca"] is None):
        errors.append(
            f"{where}tls.client_ca: is given or missing without tls.client_certificates: write both, as in "
            "tls: {client_certificates: required, client_ca: files/clients.pem}"
        )
    return errors


def _written(settings: ServerSettings, hooks: HookOptions) -> Iterable[tuple[str, dict[str, Effect], Setting]]:
    """Yield the settings and hooks that have a value: the name of each, its effects by server, and the value."""
    yield from ((name, SETTINGS[name], value) for name, value in _values(settings).items() if name in SETTINGS)
    yield from ((f"hooks.{name}", HOOKS[name], value) for name, value in _values(hooks).items())


def _values(options: ServerSettings | HookOptions) -> dict[str, Setting]:
    """Return the options that have a value."""
    return {name: cast("Setting", value) for name, value in options.items() if value is not None}


def requirements(known: Iterable[str], app: AppOptions) -> list[str]:
    """Return those requirements that this application's server and options use, and those that are not ours."""
    needed = set(NEEDS[app["server"]])
    needed |= {OPTIONAL["json"]} if app["log"]["format"] == "json" else set()
    needed |= {OPTIONAL["metrics"]} if app["health"]["metrics"] else set()
    ours = set(OPTIONAL.values()).union(*NEEDS.values())
    names = {item: normalised(re.split(r"[=\[]", item, maxsplit=1)[0]) for item in known}
    return [item for item, name in names.items() if name in needed or name not in ours]


def server_lock(text: str, needed: Iterable[str], known: Iterable[str]) -> str:
    """Return the entries of the collection's own lock that an application needs: its server, and all that this needs.

    Args:
        text: the lock.
        needed: requirements that serve this application; they count where the lock holds the same version.
        known: requirements that serve any application; the lock's other entries are what these need.
    """
    needed = list(needed)
    others = set(unlocked(text, needed))
    locked = {normalised(item.partition("==")[0]) for item in needed if item not in others}
    surplus = {normalised(item.partition("==")[0]) for item in known} - locked
    return without(text, surplus | {name for name, of in NEEDED_BY.items() if of not in locked})


def version_errors(app: AppOptions) -> list[str]:
    """Return an error for each requirement of the server that is too old for it."""
    needed, errors = NEEDS[app["server"]] | set(OPTIONAL.values()), []
    for item in requirements(app["server_requirements"], app):
        if unfit := unfit_requirement(item, app["server"], needed):
            errors.append(
                f"server_requirements: found {item!r}, with which server: {app['server']} does not work; expected "
                f"{unfit.expected}; write a newer one, or leave server_requirements out"
            )
    return errors


def lock_errors(text: str, needed: Iterable[str]) -> list[str]:
    """Return an error for each requirement of the server that the collection has no hashes of."""
    return [
        f"server_requirements: found {item!r}, of which the collection has no hashes; with require_hashes leave "
        "server_requirements out: a version that the application's own lock has is kept"
        for item in unlocked(text, needed)
    ]


def server_plan(app: AppOptions, workers: int, keepalive: Keepalive, direct: DirectPlan | None = None) -> ServingPlan:
    """Return how the application is served: the settings of its runtime, its command, and what units take from it.

    Args:
        app: its resolved options.
        workers: the number of worker processes.
        keepalive: how nginx keeps connections to it.
        direct: how it serves without nginx; see :func:`direct_plan`.
    """
    server, settings = app["server"], app["settings"]
    # Behind nginx, longer than any connection that nginx keeps, so that it is always nginx that closes one.
    kept = DIRECT_KEEPALIVE if direct else keepalive["time"] + keepalive["timeout"] + 60
    idle = min(settings["keepalive"] or DIRECT_KEEPALIVE, DIRECT_IDLE) if direct else keepalive["timeout"]
    grace, ping = app["graceful_timeout"], _ping_interval(app)
    values: dict[str, dict[str, Setting]] = {
        "gunicorn": {
            "workers": workers,
            "timeout": app["timeout"],
            # Longer than that of the worker, by the time of the drain before it.
            "graceful_timeout": grace if server == GUNICORN_WSGI else 2 * grace + 2 * idle + 5,
            "keepalive": kept,
            "proc_name": app["name"],
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - in memory, and gunicorn makes its files safely
            "control_socket_disable": True,
            # Only nginx reaches the socket, and nginx overwrites these headers.
            "forwarded_allow_ips": "*",
        },
        "uvicorn": {
            "access_log": False,
            "server_header": False,
            "timeout_graceful_shutdown": grace,
            "proxy_headers": not direct,
            "ws_ping_interval": ping,
            "h11_max_incomplete_event_size": DIRECT_HEAD if direct else HEAD,
        },
        "socket": {},
        "runtime": {"root_path": prefix(app["site"]["path"]), "title": app["name"], "limit_concurrency": None},
    }
    if server in (GUNICORN_ASGI, GUNICORN_WSGI):
        values["gunicorn"] |= {"limit_request_line": 0, "limit_request_field_size": HEADER}  # 0: no limit
    if server == UVICORN:
        values["uvicorn"] |= {
            "workers": workers,
            "timeout_worker_healthcheck": app["timeout"],
            "timeout_keep_alive": kept,
            "forwarded_allow_ips": "*",
        }
    if server == GUNICORN_WSGI:
        values["gunicorn"]["worker_class"] = "gthread" if (settings["threads"] or 1) > 1 else "sync"
    for name, value in _values(settings).items():
        effect = SETTINGS[name][server] if name in SETTINGS else None
        if isinstance(effect, To):
            for kind, target in effect.targets().items():
                values[kind][target] = value
    runtime: RuntimeSettings = {
        "app": app["name"],
        "server": server,
        "interface": "wsgi" if server == GUNICORN_WSGI else "asgi",
        "module": app["module"],
        "factory": app["factory"],
        "root_path": values["runtime"]["root_path"],
        "title": values["runtime"]["title"],
        "limit_concurrency": values["runtime"]["limit_concurrency"],
        "direct": direct,
        "idle": idle,
        "grace": grace,
        "ping": ping,
        "secrets": sorted(app["secrets"]),
        "hooks": {name: str(value) for name, value in _values(settings["hooks"]).items()},
        "health": {
            "liveness": app["health"]["liveness"],
            "metrics": app["health"]["metrics"],
            "readiness": app["health"]["readiness"] or _gate_path(app),
        },
        "log": {
            "format": app["log"]["format"],
            "level": app["log"]["level"].upper(),
            "access": bool(direct) if app["log"]["access"] is None else app["log"]["access"],
            "levels": {name: level.upper() for name, level in app["log"]["levels"].items()},
        },
        "gunicorn": values["gunicorn"] if server != UVICORN else {},
        "uvicorn": values["uvicorn"] if server in (GUNICORN, UVICORN) else {},
    }
    return {
        "runtime": runtime,
        "command": _command(server),
        "socket": values["socket"],
        # The longest end, see the runtime's draining.py: requests under way have `grace` seconds, in which others are
        # still served; then these have as long.
        "stop_timeout": (grace if server == GUNICORN_WSGI else 2 * grace) + 2 * idle + 9,
        "recycles": bool(settings["max_requests"]),
        # A supervisor watches several workers, and a worker that is replaced after its share of requests.
        "watchdog": app["timeout"] if server == UVICORN and workers == 1 and not settings["max_requests"] else None,
        "requirements": requirements(app["server_requirements"], app),
    }


def _ping_interval(app: AppOptions) -> float:
    """Return the seconds between two pings of a WebSocket: often enough for nginx not to end one that is idle."""
    site = app["site"]
    patience = [site["timeout"], *(path["timeout"] or site["timeout"] for path in site["paths"].values())]
    return min(PING, min(patience) / 2)


def direct_plan(app: AppOptions, layout: Layout) -> DirectPlan | None:
    """Return how the application serves without nginx; None behind nginx."""
    if app["proxy"] == "nginx":
        return None
    tls = app["tls"]
    return {
        "current": str(layout.current),
        "stopped": str(layout.stopped),
        "tls": {
            "certificate": str(layout.tls / "fullchain.pem"),
            "key": str(layout.tls / "privkey.pem"),
            "client_ca": str(layout.tls / "client-ca.pem") if tls["client_ca"] else None,
            "verify": tls["client_certificates"],
            "minimum_version": tls["minimum_version"],
            "ciphers": tls["ciphers"],
        },
    }


def _command(server: str) -> str:
    """Return the command of the server; its program is one of the release's virtual environment."""
    if server == UVICORN:
        return "python -m asgi_deploy_runtime.serve"
    return "gunicorn --config=python:asgi_deploy_runtime.gunicorn_conf asgi_deploy_runtime.application:app"


def _gate_path(app: AppOptions) -> str | None:
    """Return the path that only the gate asks for; None where it is that of the whole application."""
    path = app["gate"]["path"].split("?", 1)[0]
    return None if path == f"{prefix(app['site']['path'])}/" else path
