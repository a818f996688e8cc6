"""Starts the command of a plan as systemd starts it in a release, on a listener that is handed over."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.kept_connections import UPSTREAM_KEEPALIVE
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import app_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import DirectPlan, ServingPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import GUNICORN_WSGI
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import direct_plan, server_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve

from tests import ROOT

RUNTIME = ROOT / "roles" / "app" / "files" / "asgi_deploy_runtime"
APPS = Path(__file__).with_name("apps")
# Each of the processes that run tests has one of its own: marks of a release are for every server of the machine.
RELEASE = f"v1-0a1b2c3d{os.environ.get('PYTEST_XDIST_WORKER', '')}"
# The programs of the environment that servers run in; another one has other versions of them.
PROGRAMS = os.environ.get("ASGI_TEST_PROGRAMS", str(Path(sys.executable).parent))
PATIENCE = 30.0  # for machines that have other work to do
# Every kind of server by the options that make it.
KINDS: dict[str, dict[str, Any]] = {
    "gunicorn": {"server": "gunicorn"},
    "gunicorn-asgi": {"server": "gunicorn-asgi"},
    "uvicorn": {"server": "uvicorn"},
    "uvicorn-2": {"server": "uvicorn", "workers": "2"},
    "sync": {"server": "gunicorn-wsgi"},
    "gthread": {"server": "gunicorn-wsgi", "settings": {"threads": 2}},
}
# As systemd hands over: sd_listen_fds(3). The number of the process is known only once it is there.
HAND_OVER = 'fd=$1; shift; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&"$fd"'


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Return what `condition` gives as soon as that is something; fails when that does not come about."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.03)
    return result


class Served:
    """An application that runs below `folder`."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process
        self.path = folder / "app.sock"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def records(self) -> list[dict[str, Any]]:
        """Return what was logged; every line must be JSON."""
        return [json.loads(line) for line in self.log.splitlines()]

    def reports(self) -> list[tuple[str, int]]:
        """Return what application and hooks reported, and in which process."""
        lines = (self.folder / "reports").read_text(encoding="utf-8").splitlines()
        return [(what, int(process)) for what, process in (line.rsplit(" ", 1) for line in lines)]

    def connect(self, timeout: float = PATIENCE) -> http.client.HTTPConnection:
        connection = _Unix(self.path, timeout)
        connection.connect()
        return connection

    def get(self, path: str = "/", headers: Mapping[str, str] | None = None, timeout: float = PATIENCE) -> Answer:
        """Return one request on a connection of its own."""
        connection = self.connect(timeout)
        try:
            return ask(connection, path, headers)
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Return the processes below the first one."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        lines = {int(child): command_line(int(child)) for child in children.split()}
        # The resource tracker of multiprocessing is no worker, and what has just ended has no command line.
        return [child for child, line in lines.items() if line and b"resource_tracker" not in line]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def ask(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def command_line(process: int) -> bytes:
    """Return the content; an empty one for a process that has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def plan(options: Mapping[str, Any], folder: Path) -> ServingPlan:
    """Return a plan whose values are not checked: a second is long enough for a test."""
    wsgi = options.get("server") == GUNICORN_WSGI
    spec = {"module": "wsgi_site:app" if wsgi else "asgi_site:app", "workers": "1", "graceful_timeout": 5, **options}
    values, errors = resolve(app_options(), {"name": "shop", "git": "/x", "domains": ["a.example"], **spec})
    assert not errors, errors
    app = cast("AppOptions", values)
    return server_plan(app, int(app["workers"]), UPSTREAM_KEEPALIVE, _direct(app, folder))


def _direct(app: AppOptions, folder: Path) -> DirectPlan | None:
    """Return the settings of a server without nginx: a certificate, and the socket that the gate asks on."""
    planned = direct_plan(app, Layout("shop"))
    if planned:
        planned["current"] = str(folder / "current")
        key, certificate = (str(folder / name) for name in ("privkey.pem", "fullchain.pem"))
        planned["tls"]["certificate"], planned["tls"]["key"] = certificate, key
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj /CN=shop.example.com"
        subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return planned


@contextmanager
def serve(folder: Path, environment: Mapping[str, str] | None = None, **options: Any) -> Iterator[Served]:
    """Run an application with the options of an inventory, and end all of its processes."""
    planned = plan(options, folder)
    runtime = folder / "runtime" / RUNTIME.name
    runtime.mkdir(parents=True)
    for file in RUNTIME.glob("*.py"):
        (runtime / file.name).symlink_to(file)
    (runtime / "settings.json").write_text(json.dumps(planned["runtime"]), encoding="utf-8")
    (folder / "metrics").mkdir()
    (folder / "reports").touch()
    variables = {
        "PATH": f"{PROGRAMS}:/usr/bin:/bin",
        "HOME": str(folder),
        "ASGI_APP": "shop",
        "ASGI_RELEASE": RELEASE,
        "ASGI_RUNTIME": str(folder),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{APPS}:{folder / 'runtime'}:{ROOT}",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "REPORTS": str(folder / "reports"),
        **(environment or {}),
    }
    with socket.socket(socket.AF_UNIX) as listener, (folder / "log").open("wb") as log:
        listener.bind(str(folder / "app.sock"))
        listener.listen(int(planned["socket"].get("Backlog") or 4096))  # systemd's own
        process = subprocess.Popen(
            ["bash", "-c", HAND_OVER, "bash", str(listener.fileno()), *planned["command"].split()],
            env=variables,
            cwd=folder,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield Served(folder, process)
        finally:
            # Its own session holds nothing but its processes.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)
