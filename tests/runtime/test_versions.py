"""Servers in the versions that applications pin: each is started, asked, replaced and ended."""

from __future__ import annotations

import signal

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.server_versions import LEAST
from websockets.sync.client import unix_connect

from tests.runtime.conftest import Serve
from tests.runtime.environments import environment_with
from tests.runtime.served import KINDS, PATIENCE, until

WSGI = ("sync", "gthread")
OF_UVICORN = ("gunicorn", "uvicorn", "uvicorn-2")


def least(server: str) -> tuple[str, ...]:
    return tuple(f"{name}=={version}" for name, version in LEAST[server].items())


# In each run: the least that is documented, and what many applications pin.
OLDER = ("gunicorn==23.0.0", "uvicorn==0.34.3", "python-json-logger==3.3.0", "websockets==15.0.1")
FEW = [
    *((kind, least("gunicorn")) for kind in ("gunicorn", "uvicorn", "uvicorn-2", "gthread")),
    ("gunicorn-asgi", least("gunicorn-asgi")),
    *((kind, OLDER) for kind in ("gunicorn", "uvicorn-2")),
]
# The last of each minor version.
UVICORN = [f"0.{minor}.*" for minor in range(30, 55)]
GUNICORN = [
    "21.2.*",
    "22.0.*",
    "23.0.*",
    "24.1.*",
    "25.0.*",
    "25.1.*",
    "25.2.*",
    "25.3.*",
    "26.0.*",
    "26.2.*",
    "27.0.*",
]
OF_GUNICORN_ASGI = GUNICORN[-1:]
JSON_LOGGER = ["2.0.0", "2.0.7", "3.0.1", "3.1.0", "3.2.1", "3.3.0", "4.0.0", "4.2.0"]
WEBSOCKETS = ["11.0", "12.0", "13.1", "14.2", "15.0.1", "16.1.1"]
ALL = [
    *((kind, (f"uvicorn=={version}",)) for version in UVICORN for kind in OF_UVICORN),
    *((kind, (f"gunicorn=={version}",)) for version in GUNICORN for kind in ("gunicorn", *WSGI)),
    *(("gunicorn-asgi", (f"gunicorn=={version}",)) for version in OF_GUNICORN_ASGI),
    *(("uvicorn", (f"python-json-logger=={version}",)) for version in JSON_LOGGER),
    *(("uvicorn", (f"websockets=={version}", f"uvicorn=={other}")) for version in WEBSOCKETS for other in UVICORN[::8]),
]


def name(row: tuple[str, tuple[str, ...]]) -> str:
    return " ".join((row[0], *row[1]))


@pytest.mark.parametrize("row", FEW, ids=name)
def test_versions_that_applications_pin(started: Serve, row: tuple[str, tuple[str, ...]]) -> None:
    check(started, *row)


@pytest.mark.campaign
@pytest.mark.parametrize("row", ALL, ids=name)
def test_every_version_that_is_documented(started: Serve, row: tuple[str, tuple[str, ...]]) -> None:
    check(started, *row)


def check(started: Serve, kind: str, pins: tuple[str, ...]) -> None:
    options = KINDS[kind]
    settings = {**options.get("settings", {}), "max_requests": 20} if kind != "uvicorn" else {}
    served = started(
        **{**options, "settings": settings},
        environment={"PATH": f"{environment_with(pins) / 'bin'}:/usr/bin:/bin"},
        log={"format": "json", "access": True},
        health={"metrics": "/metrics"},
    )
    first = served.get().json["pid"]
    if kind not in WSGI:
        with unix_connect(str(served.path), "ws://shop/ws", close_timeout=PATIENCE) as connection:
            connection.recv(PATIENCE)
            connection.send("hello")
            assert connection.recv(PATIENCE) == "hello"
    assert b"asgi_requests_total" in served.get("/metrics").body
    if kind != "uvicorn":
        until(lambda: served.get().json["pid"] != first)
    assert not [record for record in served.records() if record["level"] in ("ERROR", "CRITICAL")], served.log
    # uvicorn ends by the signal that it got, and a supervisor by itself.
    assert served.stop() in ((0, -signal.SIGTERM) if kind == "uvicorn" else (0,))
    assert "asgi.access" in {record["logger"] for record in served.records()}
    assert kind in WSGI or "shutdown" in {what for what, _process in served.reports()}
