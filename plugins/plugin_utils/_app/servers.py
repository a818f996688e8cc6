"""The servers an application can run under, and what each makes of every setting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised, pins, without
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import prefix_of

GUNICORN, GUNICORN_ASGI, UVICORN, GUNICORN_WSGI = "gunicorn", "gunicorn-asgi", "uvicorn", "gunicorn-wsgi"
SERVERS = (GUNICORN, GUNICORN_ASGI, UVICORN, GUNICORN_WSGI)

# What a server is made of, by distribution; the default of `server_requirements` holds all of them.
_ASGI_SPEED = {"uvloop", "httptools", "websockets"}
NEEDS: dict[str, set[str]] = {
    GUNICORN: {"gunicorn", "uvicorn", "uvicorn-worker", "setproctitle", *_ASGI_SPEED},
    GUNICORN_ASGI: {"gunicorn", "uvicorn", "uvloop", "setproctitle"},
    UVICORN: {"uvicorn", "setproctitle", *_ASGI_SPEED},
    GUNICORN_WSGI: {"gunicorn", "setproctitle"},
}
# Seconds that an unused connection is kept: without nginx, uvicorn's own default; behind it, more than nginx keeps one.
DIRECT_KEEPALIVE = 5
LEAST_KEEPALIVE = 10

OPTIONAL = {"json": "python-json-logger", "metrics": "prometheus-client"}


@dataclass(frozen=True)
class To:
    """Where a setting goes: a setting of gunicorn's, an argument of uvicorn's, a directive of the socket unit, ours."""

    gunicorn: str | None = None
    uvicorn: str | None = None
    socket: str | None = None
    runtime: str | None = None


@dataclass(frozen=True)
class No:
    """Why a server is not given a setting, and what to write instead."""

    reason: str


Effect = To | No

_SAME = "it has no such limit; write limit_concurrency, which answers 503 beyond it"
_H11 = (
    "uvicorn does not read it; nginx bounds lines and headers, and with http: h11 write h11_max_incomplete_event_size"
)
_UVICORNS = "it is a setting of uvicorn's"
_MASTER = "uvicorn's processes share nothing; write server: gunicorn"
_WSGI = "a WSGI server has none"
_HOOK = "uvicorn has no hooks; use the application's lifespan, or server: gunicorn"


def _gunicorn(name: str, uvicorn: Effect) -> dict[str, Effect]:
    to = To(gunicorn=name)
    return {GUNICORN: to, GUNICORN_ASGI: to, UVICORN: uvicorn, GUNICORN_WSGI: to}


def _uvicorn(name: str, asgi: Effect, wsgi: Effect) -> dict[str, Effect]:
    to = To(uvicorn=name)
    return {GUNICORN: to, GUNICORN_ASGI: asgi, UVICORN: to, GUNICORN_WSGI: wsgi}


def _limit(name: str) -> dict[str, Effect]:
    to = To(gunicorn=name)
    return {GUNICORN: No(_H11), GUNICORN_ASGI: to, UVICORN: No(_H11), GUNICORN_WSGI: to}


# Each option of `settings`, and what becomes of it in each server.
SETTINGS: dict[str, dict[str, Effect]] = {
    "backlog": {
        GUNICORN: To(gunicorn="backlog", socket="Backlog"),
        GUNICORN_ASGI: No("its asgi worker listens anew with a backlog of 100, whatever is set"),
        UVICORN: To(uvicorn="backlog", socket="Backlog"),
        GUNICORN_WSGI: To(socket="Backlog"),
    },
    "max_requests": _gunicorn("max_requests", To(uvicorn="limit_max_requests")),
    "max_requests_jitter": _gunicorn("max_requests_jitter", To(uvicorn="limit_max_requests_jitter")),
    "worker_connections": {
        GUNICORN: No(f"its uvicorn worker does not read it: {_SAME}"),
        GUNICORN_ASGI: No("its asgi worker reads it and heeds it not; bound connections in nginx"),
        UVICORN: No(_SAME),
        GUNICORN_WSGI: To(gunicorn="worker_connections"),
    },
    "threads": {
        GUNICORN: No("an asgi worker has one event loop; write more workers"),
        GUNICORN_ASGI: No("an asgi worker has one event loop; write more workers"),
        UVICORN: No("a uvicorn worker has one event loop; write more workers"),
        GUNICORN_WSGI: To(gunicorn="threads"),
    },
    "limit_concurrency": _uvicorn(
        "limit_concurrency",
        No(f"{_UVICORNS}; write server: gunicorn"),
        No("a worker takes as many requests as it has threads; write threads and workers"),
    ),
    "keepalive": _gunicorn("keepalive", To(uvicorn="timeout_keep_alive")),
    "limit_request_line": _limit("limit_request_line"),
    "limit_request_fields": _limit("limit_request_fields"),
    "limit_request_field_size": _limit("limit_request_field_size"),
    "h11_max_incomplete_event_size": _uvicorn(
        "h11_max_incomplete_event_size",
        No("it has a parser of its own; write limit_request_line and limit_request_field_size"),
        No("it has a parser of its own; write limit_request_line and limit_request_field_size"),
    ),
    "preload_app": _gunicorn("preload_app", No(_MASTER)),
    "worker_tmp_dir": _gunicorn("worker_tmp_dir", No("its processes keep no file as a sign of life")),
    "proc_name": _gunicorn("proc_name", To(runtime="title")),
    "loop": {
        GUNICORN: To(uvicorn="loop"),
        GUNICORN_ASGI: To(gunicorn="asgi_loop"),
        UVICORN: To(uvicorn="loop"),
        GUNICORN_WSGI: No("a WSGI server has no event loop"),
    },
    "http": _uvicorn("http", No("it has a parser of its own"), No("it has a parser of its own")),
    "lifespan": {
        GUNICORN: To(uvicorn="lifespan"),
        GUNICORN_ASGI: To(gunicorn="asgi_lifespan"),
        UVICORN: To(uvicorn="lifespan"),
        GUNICORN_WSGI: No(_WSGI),
    },
    # The runtime's, because servers differ in it: uvicorn puts the path before that of a request, whether it is there
    # or not, gunicorn's asgi worker does not, and its WSGI workers answer no request to another path.
    "root_path": dict.fromkeys(SERVERS, To(runtime="root_path")),
}

# gunicorn's hooks, in the order of a process's life, and where they are called.
_CALLED = _gunicorn("", No(_HOOK))
_NEVER: dict[str, Effect] = dict.fromkeys(SERVERS, No("a release is never reloaded: a change is a release of its own"))
_NOT_ASYNC = No("uvicorn's worker takes the signal itself and never calls it; use the application's lifespan")
_STUCK = No(
    "its asgi worker calls it from the event loop, which is what got stuck; look for WORKER TIMEOUT in the journal"
)
_PER_REQUEST = No("uvicorn's worker never calls it; use a middleware of the application")
HOOKS: dict[str, dict[str, Effect]] = {
    "on_starting": _CALLED,
    "on_reload": _NEVER,
    "when_ready": _CALLED,
    "pre_fork": _CALLED,
    "post_fork": _CALLED,
    "post_worker_init": _CALLED,
    "worker_int": {**_CALLED, GUNICORN: _NOT_ASYNC},
    "worker_abort": {**_CALLED, GUNICORN: _NOT_ASYNC, GUNICORN_ASGI: _STUCK},
    "pre_exec": _NEVER,
    "pre_request": {**_CALLED, GUNICORN: _PER_REQUEST},
    "post_request": {**_CALLED, GUNICORN: _PER_REQUEST},
    "child_exit": _CALLED,
    "worker_exit": _CALLED,
    "nworkers_changed": _CALLED,
    "on_exit": _CALLED,
}

_SOCKET = "the listener is systemd's, and nginx's alone; leave it out, or write proxy: none to serve without nginx"
_UNIT = "the unit does that; leave it out"
_LOGS = "server and application log to the journal; write log: {format: …, level: …, access: …}"
_TLS = "nginx ends TLS; write proxy: none and tls: {…} to have the server do it"
_TRUST = "what nginx says of a visitor is trusted, and nobody else; leave it out"
# Settings that no server is given, by any name that gunicorn or uvicorn knows them by.
REFUSED: dict[str, str] = {
    **dict.fromkeys(("bind", "host", "port", "uds", "fd", "reuse_port"), _SOCKET),
    "workers": "write workers beside settings, not in it",
    "worker_class": "write server, one of " + ", ".join(SERVERS),
    "interface": "write server, one of " + ", ".join(SERVERS),
    "timeout": "write timeout beside settings, not in it",
    "timeout_worker_healthcheck": "write timeout beside settings",
    **dict.fromkeys(
        ("graceful_timeout", "timeout_graceful_shutdown"), "write graceful_timeout beside settings, not in it"
    ),
    "timeout_notify": "it is the interval of a callback and ends nothing; write graceful_timeout beside settings",
    "timeout_keep_alive": "write keepalive",
    "limit_max_requests": "write max_requests",
    "limit_max_requests_jitter": "write max_requests_jitter",
    "preload": "write preload_app",
    "factory": "write factory beside settings, not in it",
    "app_dir": "write subdirectory beside settings",
    "chdir": "write subdirectory beside settings",
    "pythonpath": "write env: {PYTHONPATH: lib} beside settings, relative to the application's folder",
    "raw_env": "write env beside settings",
    "env_file": "write env_file beside settings",
    **dict.fromkeys(("daemon", "pidfile", "user", "group", "umask", "initgroups"), _UNIT),
    "tmp_upload_dir": "the application has a /tmp of its own; leave it out",
    **dict.fromkeys(("reload", "reload_dirs", "reload_extra_files"), "it is for development; a change is a release"),
    **dict.fromkeys(
        (
            "accesslog",
            "errorlog",
            "loglevel",
            "log_level",
            "access_log",
            "access_log_format",
            "log_config",
            "logconfig",
            "logconfig_dict",
            "capture_output",
            "use_colors",
            "syslog",
        ),
        _LOGS,
    ),
    **dict.fromkeys(
        (
            "keyfile",
            "certfile",
            "ca_certs",
            "cert_reqs",
            "ssl_version",
            "ciphers",
            "ssl_keyfile",
            "ssl_certfile",
            "ssl_keyfile_password",
            "ssl_ca_certs",
            "ssl_cert_reqs",
            "ssl_ciphers",
        ),
        _TLS,
    ),
    **dict.fromkeys(("proxy_headers", "forwarded_allow_ips", "secure_scheme_headers"), _TRUST),
    "h11_max_header_size": "write h11_max_incomplete_event_size",
    **dict.fromkeys(HOOKS, "write it below settings.hooks, as in hooks: {post_fork: shop.hooks:post_fork}"),
}


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
        wanted: what serves this application.
        direct: what serves any; the lock's other entries are what these need.
    """
    surplus = {normalised(item.partition("==")[0]) for item in direct} - {
        normalised(item.partition("==")[0]) for item in wanted
    }
    return without(text, surplus)


def lock_errors(text: str, wanted: Iterable[str]) -> list[str]:
    """Server requirements that the collection has no hashes of."""
    known = pins(text)
    unknown = [item for item in wanted if known.get(normalised(item.partition("==")[0])) != item.partition("==")[2]]
    return [
        f"server_requirements: found {item!r}, of which the collection has no hashes; with require_hashes leave "
        "server_requirements out: a version that the application's own lock has is kept"
        for item in unknown
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
    idle = (settings["keepalive"] or DIRECT_KEEPALIVE) if direct else keepalive["timeout"]
    values: dict[str, dict[str, Any]] = {
        "gunicorn": {
            "workers": workers,
            "timeout": app["timeout"],
            # Longer than the worker's own, by what draining takes before that.
            "graceful_timeout": app["graceful_timeout"] + (2 * idle + 2 if server in (GUNICORN, GUNICORN_ASGI) else 0),
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
            "timeout_graceful_shutdown": app["graceful_timeout"],
            "proxy_headers": not direct,
        },
        "socket": {},
        "runtime": {"root_path": prefix_of(app), "title": app["name"]},
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
        "secrets": sorted(app["secrets"]),
        "hooks": {name: hooks[name] for name in HOOKS if hooks[name] is not None},
        "health": {**app["health"], "readiness": app["health"]["readiness"] or _gate_path(app)},
        "log": {
            **app["log"],
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
        # The most that ending takes: see the runtime's draining.py.
        "stop_timeout": app["graceful_timeout"] + 2 * idle + 7,
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


def refused(settings: Any) -> dict[str, str]:
    """Settings by names that no server is given, with the reason."""
    return {name: REFUSED[name] for name in settings if name in REFUSED} if isinstance(settings, Mapping) else {}
