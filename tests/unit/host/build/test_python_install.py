"""The fetch of an interpreter from a mirror, with uv and a Python that is unpacked and runs."""

from __future__ import annotations

import platform
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from subprocess import CompletedProcess

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build import python_archive, python_install
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import BuildRunner
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Uv
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_archive import PythonArchive
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.python_install import ensure_python
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

from tests.lab.python_archive import Archive, build

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
VERSION = platform.python_version()


class Recorder(BuildRunner):
    """Runs programs as the user of these tests, and records whether they had the network."""

    def __init__(self) -> None:
        self.network: list[bool] = []

    def run_unchecked(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        reads: Sequence[Path] = (),
        network: bool = True,
    ) -> CompletedProcess[str]:
        self.network.append(network)
        return super().run_unchecked(argv, env, cwd, reads, network)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return build(Path(sys.base_prefix), tmp_path_factory.mktemp("mirror"), VERSION, platform.machine())


@pytest.fixture
def mirror(archive: Archive) -> Iterator[str]:
    """Return the URL of a mirror that has the archive."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(archive.path.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "python"
    for module in (python_archive, python_install):
        monkeypatch.setattr(module, "PYTHONS", PurePosixPath(folder))
        monkeypatch.setattr(module, "exclusive_pythons", nullcontext)
    return folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "root" / "shop").mkdir(parents=True)
    return Layout("shop", PurePosixPath(tmp_path / "root"))


def requested_archive(archive: Archive, mirror: str, **changes: str) -> PythonArchive:
    options = {
        "url": f"{mirror}/{archive.path.name.replace('+', '%2B')}",
        "sha256": archive.sha256,
        "version": VERSION,
        "machine": platform.machine(),
    }
    return PythonArchive(**{**options, **changes})


def test_it_is_fetched_once_and_runs(archive: Archive, mirror: str, pythons: Path, layout: Layout) -> None:
    requested, runner = requested_archive(archive, mirror), Recorder()
    assert requested.pending == f"{VERSION}, fetched from {requested.url}"
    ensure_python(layout, requested, Uv(runner=runner, program=UV))
    assert requested.pending == ""
    assert runner.network == [True, False, False], "only the fetch has the network"
    program = "import sys, sqlite3; print(sys.prefix)"
    shown = subprocess.run([requested.program, "-I", "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == str(requested.folder / requested.key)
    loose = [path for path in pythons.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022]
    assert loose == [], "only its owner may write it"
    assert [path.name for path in pythons.iterdir()] == [requested.name], "nothing of the fetch stays"
    ensure_python(layout, requested, Uv(runner=runner, program="/nonexistent/uv"))
    assert len(runner.network) == 3


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"sha256": "0" * 64}, r"has the checksum [0-9a-f]{64}, expected 0{64}; nothing of it was unpacked"),
        ({"url": "{mirror}/none.tar.gz"}, r"none\.tar\.gz cannot be fetched from this host: HTTP Error 404"),
        ({"url": "http://127.0.0.1:9/x"}, "cannot be fetched from this host: .*refused"),
        ({"version": "3.99.1"}, "cannot be used on this host"),
    ],
)
def test_another_archive_is_refused(
    archive: Archive, mirror: str, pythons: Path, layout: Layout, changes: dict[str, str], text: str
) -> None:
    changes = {key: value.format(mirror=mirror) for key, value in changes.items()}
    requested = requested_archive(archive, mirror, **changes)
    with pytest.raises(DeployError, match=text):
        ensure_python(layout, requested, Uv(runner=Recorder(), program=UV))
    assert list(pythons.iterdir()) == [], "nothing of it stays"
    assert not requested.complete


def test_another_version_under_the_name_of_this_one_is_refused(
    archive: Archive, mirror: str, pythons: Path, layout: Layout
) -> None:
    minor = VERSION.rpartition(".")[0]
    with pytest.raises(DeployError, match=f"holds Python '{VERSION}', expected {minor}.99; nothing of it stays"):
        requested = requested_archive(archive, mirror, version=f"{minor}.99")
        ensure_python(layout, requested, Uv(runner=Recorder(), program=UV))
    assert list(pythons.iterdir()) == []


def test_a_fetch_ends_at_its_size(
    archive: Archive, mirror: str, pythons: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_install, "MOST", 10)
    with pytest.raises(DeployError, match="cannot be fetched from this host: it has more than 10 bytes"):
        ensure_python(layout, requested_archive(archive, mirror), Uv(runner=Recorder(), program=UV))
    assert list(pythons.iterdir()) == []


def test_a_fetch_ends_at_its_deadline(
    archive: Archive, pythons: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_install, "SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/python.tar.gz"
        with pytest.raises(DeployError, match="cannot be fetched from this host: it took longer than 1 s"):
            ensure_python(layout, requested_archive(archive, "", url=url), Uv(runner=Recorder(), program=UV))
    assert list(pythons.iterdir()) == []
