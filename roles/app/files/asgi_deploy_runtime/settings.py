"""The settings of the release, as the controller wrote them."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any, TypedDict

from .secrets import load


class TlsSettings(TypedDict):
    """TLS of a release that serves without a proxy.

    Attributes:
        certificate: the path of the chain.
        key: the path of the private key.
        minimum_version: 1.2 or 1.3.
        ciphers: of TLS 1.2, as OpenSSL lists them.
        verify: none, optional or required, of clients' certificates.
        client_ca: the path of the CA's certificates for clients; None without.
    """

    certificate: str
    key: str
    minimum_version: str
    ciphers: str
    verify: str
    client_ca: str | None


class DirectSettings(TypedDict):
    """A release that serves without a proxy.

    Attributes:
        current: the link to the live release.
        stopped: the file that exists while the application is stopped.
        tls: its certificate.
    """

    current: str
    stopped: str
    tls: TlsSettings


class HealthSettings(TypedDict):
    """Paths that the runtime answers itself; None for a path that it does not."""

    liveness: str | None
    metrics: str | None
    readiness: str | None


class LogSettings(TypedDict):
    """The logs.

    Attributes:
        format: json or text.
        level: of the root logger, in capitals.
        access: whether each request is logged.
        levels: of other loggers, by their names.
    """

    format: str
    level: str
    access: bool
    levels: dict[str, str]


class Settings(TypedDict):
    """settings.json of a release; a test compares the keys with those that the controller writes.

    Attributes:
        app: the name of the application.
        server: uvicorn, gunicorn, gunicorn-asgi or gunicorn-wsgi.
        interface: asgi or wsgi.
        module: the application, as package.module:attribute.
        factory: whether that returns the application.
        root_path: the path below which the application is reached.
        title: of the processes.
        limit_concurrency: the requests that a worker may have under way; None for any number.
        direct: without a proxy; None behind nginx.
        idle: seconds that an unused connection stays open in a process that has to end.
        grace: seconds that requests have to end.
        ping: seconds between two pings of a WebSocket, for servers that have no such option.
        secrets: names of credentials and variables.
        hooks: functions of the application, by names of gunicorn's hooks.
        health: paths that the runtime answers.
        log: the logs.
        gunicorn: options of gunicorn.
        uvicorn: options of uvicorn.
    """

    app: str
    server: str
    interface: str
    module: str
    factory: bool
    root_path: str
    title: str
    limit_concurrency: int | None
    direct: DirectSettings | None
    idle: float
    grace: float
    ping: float
    secrets: list[str]
    hooks: dict[str, str]
    health: HealthSettings
    log: LogSettings
    gunicorn: dict[str, Any]
    uvicorn: dict[str, Any]


SETTINGS: Settings = json.loads(Path(__file__).with_name("settings.json").read_text(encoding="utf-8"))
RELEASE = os.environ["ASGI_RELEASE"]
load(SETTINGS["secrets"])  # before anything of the application is imported


def attribute(path: str) -> Any:
    """Return what ``package.module:attribute`` names."""
    module, _colon, names = path.partition(":")
    value: Any = importlib.import_module(module)
    for name in names.split("."):
        value = getattr(value, name)
    return value
