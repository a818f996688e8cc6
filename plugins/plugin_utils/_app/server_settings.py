"""The servers that an application can run under, and what each does with every setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

GUNICORN, GUNICORN_ASGI, UVICORN, GUNICORN_WSGI = "gunicorn", "gunicorn-asgi", "uvicorn", "gunicorn-wsgi"
SERVERS = (GUNICORN, GUNICORN_ASGI, UVICORN, GUNICORN_WSGI)


@dataclass(frozen=True)
class To:
    """The names of a setting: in gunicorn, as an argument of uvicorn, as a directive of the socket unit, and ours."""

    gunicorn: str | None = None
    uvicorn: str | None = None
    socket: str | None = None
    runtime: str | None = None

    def targets(self) -> dict[str, str]:
        """Return the names by what takes them, of those that take the setting."""
        names = {"gunicorn": self.gunicorn, "uvicorn": self.uvicorn, "socket": self.socket, "runtime": self.runtime}
        return {kind: name for kind, name in names.items() if name}


@dataclass(frozen=True)
class No:
    """The reason why a server does not get a setting, and what to write instead."""

    reason: str


Effect = To | No

_SAME = "it has no such limit; write limit_concurrency, which answers 503 beyond it"
_H11 = (
    "uvicorn does not read it; nginx bounds lines and headers, and with http: h11 write h11_max_incomplete_event_size"
)
_MASTER = "uvicorn's processes share nothing; write server: gunicorn"
_WSGI = "a WSGI server has none"
_HOOK = "uvicorn has no hooks; use the application's lifespan, or server: gunicorn"


def _gunicorn(name: str, uvicorn: Effect) -> dict[str, Effect]:
    """Return the effects of a setting of gunicorn."""
    to = To(gunicorn=name)
    return {GUNICORN: to, GUNICORN_ASGI: to, UVICORN: uvicorn, GUNICORN_WSGI: to}


def _uvicorn(name: str, asgi: Effect, wsgi: Effect) -> dict[str, Effect]:
    """Return the effects of a setting of uvicorn."""
    to = To(uvicorn=name)
    return {GUNICORN: to, GUNICORN_ASGI: asgi, UVICORN: to, GUNICORN_WSGI: wsgi}


def _limit(name: str) -> dict[str, Effect]:
    """Return the effects of a limit of gunicorn's own parser."""
    to = To(gunicorn=name)
    return {GUNICORN: No(_H11), GUNICORN_ASGI: to, UVICORN: No(_H11), GUNICORN_WSGI: to}


# The effect of each option of `settings` in each server.
SETTINGS: dict[str, dict[str, Effect]] = {
    "backlog": {
        GUNICORN: To(gunicorn="backlog", socket="Backlog"),
        GUNICORN_ASGI: No("its asgi worker listens again with a backlog of 100, whatever is set"),
        UVICORN: To(uvicorn="backlog", socket="Backlog"),
        GUNICORN_WSGI: To(gunicorn="backlog", socket="Backlog"),
    },
    "max_requests": _gunicorn("max_requests", To(uvicorn="limit_max_requests")),
    "max_requests_jitter": _gunicorn("max_requests_jitter", To(uvicorn="limit_max_requests_jitter")),
    "worker_connections": {
        GUNICORN: No(f"its uvicorn worker does not read it: {_SAME}"),
        GUNICORN_ASGI: No(f"its asgi worker does not heed it: {_SAME}"),
        UVICORN: No(_SAME),
        GUNICORN_WSGI: To(gunicorn="worker_connections"),
    },
    "threads": {
        GUNICORN: No("an asgi worker has one event loop; write more workers"),
        GUNICORN_ASGI: No("an asgi worker has one event loop; write more workers"),
        UVICORN: No("a uvicorn worker has one event loop; write more workers"),
        GUNICORN_WSGI: To(gunicorn="threads"),
    },
    # The runtime applies it, as that of uvicorn counts connections that nginx keeps open.
    "limit_concurrency": {
        **dict.fromkeys(SERVERS, To(runtime="limit_concurrency")),
        GUNICORN_WSGI: No("a worker takes as many requests as it has threads; write threads and workers"),
    },
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
    # The runtime applies it, because servers differ: uvicorn always puts it before the path of a request, gunicorn's
    # asgi worker never does, and WSGI workers answer no request to another path.
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

_SOCKET = "the listener is systemd's, and only for nginx; leave it out, or write proxy: none to serve without nginx"
_UNIT = "the unit does that; leave it out"
_LOGS = "server and application log to the journal; write log: {format: …, level: …, access: …}"
_TLS = "nginx ends TLS; write proxy: none and tls: {…} to have the server do it"
_TRUST = "what nginx says of a visitor is trusted, and nothing else; leave it out"
# Settings that no server gets, by all their names in gunicorn and uvicorn.
REFUSED: dict[str, str] = {
    **dict.fromkeys(("bind", "host", "port", "uds", "fd", "reuse_port"), _SOCKET),
    "workers": "write workers next to settings, not in it",
    "worker_class": "write server, one of " + ", ".join(SERVERS),
    "interface": "write server, one of " + ", ".join(SERVERS),
    "timeout": "write timeout next to settings, not in it",
    "timeout_worker_healthcheck": "write timeout next to settings",
    **dict.fromkeys(
        ("graceful_timeout", "timeout_graceful_shutdown"), "write graceful_timeout next to settings, not in it"
    ),
    "timeout_notify": "it is the interval of a callback and ends nothing; write graceful_timeout next to settings",
    "timeout_keep_alive": "write keepalive",
    "limit_max_requests": "write max_requests",
    "limit_max_requests_jitter": "write max_requests_jitter",
    "preload": "write preload_app",
    "factory": "write factory next to settings, not in it",
    "app_dir": "write subdirectory next to settings",
    "chdir": "write subdirectory next to settings",
    "pythonpath": "write env: {PYTHONPATH: lib} next to settings, relative to the application's folder",
    "raw_env": "write env next to settings",
    "env_file": "write env_file next to settings",
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


def refused(settings: Json) -> dict[str, str]:
    """Return the names of settings that no server gets, each with the reason."""
    return {name: REFUSED[name] for name in settings if name in REFUSED} if isinstance(settings, Mapping) else {}
