"""Which release takes connections from the listener that all releases without nginx inherit."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.served import RUNTIME, until

MAKE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj /CN=shop -keyout key -out cert"
SERVE = """\
import asyncio, socket
from asgi_deploy_runtime.public import Public
from asgi_deploy_runtime.settings import SETTINGS

class Protocol(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(b"hello")

async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    await Public(SETTINGS["direct"], [listener], Protocol, lambda: False, 100).watch(lambda live: None)

asyncio.run(main())
"""


class Releases:
    """The folder of an application with the release that runs, one behind nginx and one without it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(MAKE.split(), cwd=folder, check=True, capture_output=True)
        tls = {"certificate": str(folder / "cert"), "key": str(folder / "key"), "client_ca": None}
        tls |= {"minimum_version": "1.2", "ciphers": "ECDHE+AESGCM", "verify": "none"}
        direct = {"current": str(folder / "current"), "stopped": str(folder / "stopped"), "tls": tls}
        for release, settings in (("runs", direct), ("behind", None), ("other", direct)):
            package = folder / "releases" / release / "runtime" / RUNTIME.name
            package.mkdir(parents=True)
            (package / "settings.json").write_text(json.dumps({"direct": settings, "secrets": []}))
        for file in RUNTIME.glob("*.py"):
            (folder / "releases" / "runs" / "runtime" / RUNTIME.name / file.name).symlink_to(file)
        (folder / "releases" / "broken").mkdir()

    def switch(self, release: str) -> None:
        (self.folder / "next").symlink_to(f"releases/{release}")
        (self.folder / "next").rename(self.folder / "current")


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path)


@pytest.fixture
def port(releases: Releases) -> Iterator[int]:
    """Yield the port of the listener, while a process of the release watches `current`."""
    folder = releases.folder
    variables = {"ASGI_RELEASE": "runs", "ASGI_RUNTIME": str(folder), "ASGI_APP": "shop"}
    variables["PYTHONPATH"] = str(folder / "releases" / "runs" / "runtime")
    with subprocess.Popen([sys.executable, "-c", SERVE], env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


def answers(port: int) -> bool:
    """Return whether a process takes a connection; one that no process takes waits in the kernel's queue."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as raw, context.wrap_socket(raw) as connection:
            return connection.recv(5) == b"hello"
    except TimeoutError:
        return False


@pytest.mark.parametrize("successor", ["other", "broken"])
def test_a_release_leaves_the_listener_to_its_successor(releases: Releases, port: int, successor: str) -> None:
    releases.switch("runs")
    until(lambda: answers(port), 20)
    releases.switch(successor)
    until(lambda: not answers(port), 20)


def test_a_release_listens_on_where_its_successor_is_behind_nginx(releases: Releases, port: int) -> None:
    """Until the listener is closed its visitors are answered by no other."""
    releases.switch("runs")
    until(lambda: answers(port), 20)
    releases.switch("behind")
    ends = time.monotonic() + 1.5  # the link is read several times
    while time.monotonic() < ends:
        assert answers(port)
