"""How an application is served: the requirements of its server, its settings, and its errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import (
    normalised,
    unlocked,
    without,
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
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import prefix_of

# What a server is made of, by distribution; the default of `server_requirements` holds all of them.
_ASGI_SPEED = {"uvloop", "httptools", "websockets"}
NEEDS: dict[str, set[str]] = {
    GUNICORN: {"gunicorn", "uvicorn", "uvicorn-worker", "setproctitle", *_ASGI_SPEED},
    GUNICORN_ASGI: {"gunicorn", "uvicorn", "uvloop", "setproctitle"},
    UVICORN: {"uvicorn", "setproctitle", *_ASGI_SPEED},
    GUNICORN_WSGI: {"gunicorn", "setproctitle"},
}
# What the lock holds besides, each with what needs it.
NEEDED_BY = {"click": "uvicorn", "h11": "uvicorn"}
# Seconds that an unused connection is kept: without nginx, as long as nginx does; behind it, more than nginx keeps one.
DIRECT_KEEPALIVE = 65
# And without nginx by a release that was replaced, or by a process that is to end: its visitors have gone elsewhere.
DIRECT_IDLE = 5
LEAST_KEEPALIVE = 10

OPTIONAL = {"json": "python-json-logger", "metrics": "prometheus-client"}


def setting_errors(app: Mapping[str, Any], spec: Mapping[str, Any], where: str) -> list[str]:
    """What would have no effect in the application's server, each with the reason and what to write instead.

    `spec` is what the user wrote: a default says nothing.
    """
    server, settings = app["server"], app["settings"] or {}
    hooks = settings.get("hooks") or {}
    errors = []
    for name, effects, value in _given(settings, hooks):
        if isinstance(effect := effects[server], No):
            errors.append(
                f"{where}settings.{name}: found {value!r}, which server: {server} does not take: {effect.reason}"
            )
    if server == GUNICORN_WSGI and (settings.get("threads") or 1) < 2:
        if settings.get("worker_connections") is not None:
            errors.append(
                f"{where}settings.worker_connections: a worker without threads takes one connection; write threads"
            )
        if settings.get("keepalive") is not None:
            errors.append(f"{where}settings.keepalive: a worker without threads closes every connection; write threads")
    h11 = isinstance(SETTINGS["http"][server], No) or settings.get("http") == "h11"
    if settings.get("h11_max_incomplete_event_size") is not None and not h11:
        errors.append(f"{where}settings.h11_max_incomplete_event_size: only the parser h11 reads it; write http: h11")
    if settings.get("max_requests_jitter") and not settings.get("max_requests"):
        errors.append(f"{where}settings.max_requests_jitter: is added to max_requests, which is missing; write both")
    if prefix_of(app) and settings.get("root_path") is not None:
        errors.append(f"{where}settings.root_path: is what site.path says; leave it out")
    return errors + _direct_errors(app, spec, where) + _health_errors(app, where)


def _health_errors(app: Mapping[str, Any], where: str) -> list[str]:
    """Paths that two would answer: what asks one of them would never hear the other."""
    asked = {f"health.{name}": app["health"][name] for name in ("liveness", "metrics", "readiness")}
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


def _direct_errors(app: Mapping[str, Any], spec: Mapping[str, Any], where: str) -> list[str]:
    """What contradicts serving with or without nginx."""
    tls = app["tls"]
    errors = []
    if (tls["certificate"] is None) != (tls["key"] is None):
        missing = "key" if tls["key"] is None else "certificate"
        errors.append(f"{where}tls.{missing}: is missing; a certificate and its key are given together, or neither")
    if app["proxy"] == "nginx":
        if others := sorted((spec.get("tls") or {}).keys() - {"certificate", "key"}):
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
    errors += [
        f"{where}watch.{name}: counts errors in nginx's access log, and proxy: none has no nginx; leave it out"
        for name in ("error_percent", "errors")
        if (spec.get("watch") or {}).get(name) is not None
    ]
    if (tls["client_certificates"] == "none") != (tls["client_ca"] is None):
        errors.append(
            f"{where}tls.client_ca: is given or missing without tls.client_certificates: write both, as in "
            "tls: {client_certificates: required, client_ca: files/clients.pem}"
        )
    return errors


def _given(settings: Mapping[str, Any], hooks: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Effect], Any]]:
    yield from ((name, SETTINGS[name], settings[name]) for name in SETTINGS if settings.get(name) is not None)
    yield from ((f"hooks.{name}", HOOKS[name], hooks[name]) for name in HOOKS if hooks.get(name) is not None)


def requirements(wanted: Iterable[str], app: Mapping[str, Any]) -> list[str]:
    """Of the server's requirements those that this application's server and options use."""
    needed = set(NEEDS[app["server"]])
    needed |= {OPTIONAL["json"]} if app["log"]["format"] == "json" else set()
    needed |= {OPTIONAL["metrics"]} if app["health"]["metrics"] else set()
    known = set(OPTIONAL.values()).union(*NEEDS.values())
    names = {item: normalised(re.split(r"[=\[]", item, maxsplit=1)[0]) for item in wanted}
    return [item for item, name in names.items() if name in needed or name not in known]


def server_lock(text: str, wanted: Iterable[str], direct: Iterable[str]) -> str:
    """The entries of the collection's own lock that an application needs: of what serves it, and all that these need.

    Args:
        text: the lock.
        wanted: what serves this application; of it, what the lock holds in the same version.
        direct: what serves any; the lock's other entries are what these need.
    """
    wanted = list(wanted)
    others = set(unlocked(text, wanted))
    locked = {normalised(item.partition("==")[0]) for item in wanted if item not in others}
    surplus = {normalised(item.partition("==")[0]) for item in direct} - locked
    return without(text, surplus | {name for name, of in NEEDED_BY.items() if of not in locked})


def lock_errors(text: str, wanted: Iterable[str]) -> list[str]:
    """Server requirements that the collection has no hashes of."""
    return [
        f"server_requirements: found {item!r}, of which the collection has no hashes; with require_hashes leave "
        "server_requirements out: a version that the application's own lock has is kept"
        for item in unlocked(text, wanted)
    ]


def server_plan(
    app: Mapping[str, Any], workers: int, keepalive: Mapping[str, int], direct: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """How the application is served: the settings of its runtime, its command, and what the units take from it.

    Args:
        app: its resolved options.
        workers: the number of worker processes.
        keepalive: how nginx keeps connections to it, in seconds: ``time`` and ``timeout``.
        direct: how it serves without nginx; see :func:`direct_plan`.
    """
    server, settings = app["server"], app["settings"]
    # Behind nginx, longer than any connection that nginx keeps, so that it is always nginx that closes one.
    kept = DIRECT_KEEPALIVE if direct else keepalive["time"] + keepalive["timeout"] + 60
    idle = min(settings["keepalive"] or DIRECT_KEEPALIVE, DIRECT_IDLE) if direct else keepalive["timeout"]
    grace = app["graceful_timeout"]
    values: dict[str, dict[str, Any]] = {
        "gunicorn": {
            "workers": workers,
            "timeout": app["timeout"],
            # Longer than the worker's own, by what draining takes before that.
            "graceful_timeout": grace if server == GUNICORN_WSGI else 2 * grace + 2 * idle + 5,
            "keepalive": kept,
            "proc_name": app["name"],
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - in memory, and gunicorn makes its files safely
            "control_socket_disable": True,
            # The socket is for nginx alone, and nginx overwrites these headers.
            "forwarded_allow_ips": "*",
        },
        "uvicorn": {
            "access_log": False,
            "server_header": False,
            "timeout_graceful_shutdown": grace,
            "proxy_headers": not direct,
        },
        "socket": {},
        "runtime": {"root_path": prefix_of(app), "title": app["name"], "limit_concurrency": None},
    }
    if server == UVICORN:
        values["uvicorn"] |= {
            "workers": workers,
            "timeout_worker_healthcheck": app["timeout"],
            "timeout_keep_alive": kept,
            "forwarded_allow_ips": "*",
        }
    if server == GUNICORN_WSGI:
        values["gunicorn"]["worker_class"] = "gthread" if (settings["threads"] or 1) > 1 else "sync"
    for name, effects in SETTINGS.items():
        effect = effects[server]
        if settings[name] is not None and isinstance(effect, To):
            for kind in values:
                if target := getattr(effect, kind):
                    values[kind][target] = settings[name]
    hooks = settings["hooks"]
    runtime = {
        "app": app["name"],
        "server": server,
        "interface": "wsgi" if server == GUNICORN_WSGI else "asgi",
        "module": app["module"],
        "factory": app["factory"],
        **values["runtime"],
        "direct": direct,
        "idle": idle,
        "grace": grace,
        "secrets": sorted(app["secrets"]),
        "hooks": {name: hooks[name] for name in HOOKS if hooks[name] is not None},
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
        # The most that ending takes: see the runtime's draining.py. What was under way has so long, while all else is
        # served on, and then what came in the meantime.
        "stop_timeout": (grace if server == GUNICORN_WSGI else 2 * grace) + 2 * idle + 9,
        "recycles": bool(settings["max_requests"]),
        # Several workers, and one that is replaced after its share of requests, are watched by their supervisor.
        "watchdog": app["timeout"] if server == UVICORN and workers == 1 and not settings["max_requests"] else None,
        "requirements": requirements(app["server_requirements"], app),
    }


def direct_plan(app: Mapping[str, Any], layout: Layout) -> dict[str, Any] | None:
    """How the application serves without nginx: where its certificate is, and what it asks of visitors."""
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
    """What starts the server, by a program of the release's virtual environment."""
    if server == UVICORN:
        return "python -m asgi_deploy_runtime.serve"
    return "gunicorn --config=python:asgi_deploy_runtime.gunicorn_conf asgi_deploy_runtime.application:app"


def _gate_path(app: Mapping[str, Any]) -> str | None:
    path: str = app["gate"]["path"].split("?", 1)[0]
    return None if path == f"{prefix_of(app)}/" else path
