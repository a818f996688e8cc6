"""The application finds its secrets in the environment when it is imported, and the system shows them to no one."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import GUNICORN_WSGI, SERVERS, UVICORN

from tests.runtime.conftest import Serve
from tests.runtime.served import RELEASE, RUNTIME, Served

TOKEN = 'it\'s "so"\n100% $ecret ü'  # noqa: S105


@pytest.fixture
def credentials(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a unit with a credential."""
    (tmp_path / "TOKEN").write_text(TOKEN, encoding="utf-8")
    return {"CREDENTIALS_DIRECTORY": str(tmp_path)}


def environments(served: Served) -> bytes:
    """Return what the kernel shows of the processes' environments."""
    processes = [served.process.pid, *served.workers()]
    return b"".join(Path(f"/proc/{process}/environ").read_bytes() for process in processes)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("workers", [1, 2])
def test_application_finds_it(started: Serve, credentials: dict[str, str], server: str, workers: int) -> None:
    served = started(
        server=server, workers=str(workers), secrets={"TOKEN": TOKEN}, environment={**credentials, "LC_ALL": "C.UTF-8"}
    )
    assert served.get().json["token"] == [TOKEN, TOKEN]
    # uvicorn starts its workers as new programs, which get an environment; the kernel shows it only to their user.
    if (server, workers) != (UVICORN, 2):
        assert TOKEN.encode() not in environments(served)
    assert TOKEN not in served.log


def test_one_that_systemd_has_not_given_ends_the_server(started: Serve, tmp_path: Path) -> None:
    served = started(
        False, server=GUNICORN_WSGI, secrets={"TOKEN": TOKEN}, environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}
    )
    assert served.process.wait(60) != 0
    assert f"No such file or directory: '{tmp_path}/TOKEN'" in served.log


@pytest.fixture
def release(tmp_path: Path, credentials: dict[str, str]) -> dict[str, str]:
    """Return the environment of a command in a release that has a secret."""
    runtime = tmp_path / "runtime" / RUNTIME.name
    runtime.mkdir(parents=True)
    for file in RUNTIME.glob("*.py"):
        (runtime / file.name).symlink_to(file)
    (runtime / "settings.json").write_text('{"secrets": ["TOKEN"]}', encoding="utf-8")
    return {**os.environ, **credentials, "PYTHONPATH": str(tmp_path / "runtime"), "ASGI_RELEASE": RELEASE}


def command(environment: dict[str, str], *argv: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    words = [python, "-m", "asgi_deploy_runtime.run", *argv]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_command_finds_it_and_is_the_process_itself(release: dict[str, str]) -> None:
    done = command(release, "sh", "-c", 'printf "%s|%s" "$TOKEN" "$0"; exit 7', "$HOME")
    assert (done.stdout, done.returncode) == (f"{TOKEN}|$HOME", 7)


def test_command_of_the_virtual_environment_comes_first(release: dict[str, str], tmp_path: Path) -> None:
    """Run the program of the environment that the runtime belongs to, whatever PATH says."""
    venv.create(tmp_path / "venv", symlinks=True)
    program = tmp_path / "venv" / "bin" / "uname"  # which each Debian has in /usr/bin
    program.write_text("#!/bin/sh\necho its own\n", encoding="utf-8")
    program.chmod(0o755)
    done = command(release, "uname", python=str(program.with_name("python")))
    assert done.stdout == "its own\n", done.stderr


def test_command_of_the_release_itself_comes_before_that(release: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "site" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho its own\n", encoding="utf-8")
    program.chmod(0o755)
    done = command(release, "python")
    assert done.stdout == "its own\n", done.stderr


def test_command_that_is_not_there(release: dict[str, str]) -> None:
    done = command(release, "no-such-program")
    assert (done.stderr, done.returncode) == (f"{RELEASE}: there is no program no-such-program\n", 1)
