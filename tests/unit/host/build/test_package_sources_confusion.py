"""A package of a private name that is published on another index gets into no environment."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import from_index, from_wheels

from tests.lab.index import Handler

NAME = "shop_private"
OURS, THEIRS = "1.0", "99.0"
INSTALLERS = ("uv", "pip")
# Of what runs the tests, nothing that the installers would take for a setting.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}


def wheel(folder: Path, version: str) -> None:
    """Build a package of the private name."""
    info = f"{NAME}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{NAME}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


@contextmanager
def index(folder: Path, version: str, auth: str | None = None) -> Iterator[str]:
    """Yield the address of an index that has one version."""
    folder.mkdir()
    wheel(folder, version)
    handler = type("Index", (Handler,), {"folder": folder, "auth": auth, "log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()


@pytest.fixture
def indexes(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Yield the private index, and the one where everybody may publish."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(index(tmp_path / "ours", OURS)),
            stack.enter_context(index(tmp_path / "theirs", THEIRS)),
        )


def installed(installer: str, folder: Path, env: Mapping[str, str], *arguments: str) -> str:
    """Return which version an installer takes."""
    argv = {
        "uv": [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", f"--target={folder}/site"],
        "pip": [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-cache-dir"],
    }[installer]
    argv += [f"--target={folder}/site"] if installer == "pip" else ["--no-cache", f"--python={sys.executable}"]
    done = subprocess.run(
        [*argv, *arguments, NAME], env={**CLEAN, **env}, cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    (info,) = (folder / "site").glob(f"{NAME}-*.dist-info")
    return info.name.removesuffix(".dist-info").rpartition("-")[2]


def settings(folder: Path, place: str, theirs: str) -> dict[str, str]:
    """Return settings of the host that name the other index besides: in its environment, or in its files."""
    if place == "environment":
        names = ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX")
        return {name: theirs for name in names} | {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    (folder / "pip.conf").write_text(f"[global]\nextra-index-url = {theirs}\ntrusted-host = 127.0.0.1\n")
    (folder / "uv").mkdir()
    (folder / "uv" / "uv.toml").write_text(f'index-strategy = "unsafe-best-match"\n[[index]]\nurl = "{theirs}"\n')
    return {"PIP_CONFIG_FILE": str(folder / "pip.conf"), "XDG_CONFIG_DIRS": str(folder)}


@pytest.mark.parametrize("place", ["environment", "files"])
@pytest.mark.parametrize("installer", INSTALLERS)
def test_only_the_private_index_is_asked(tmp_path: Path, indexes: tuple[str, str], installer: str, place: str) -> None:
    ours, theirs = indexes
    supplies = from_index({"url": ours, "username": None, "password": None}, tmp_path)
    options = {**settings(tmp_path, place, theirs), **(supplies.uv if installer == "uv" else supplies.pip)}
    assert installed(installer, tmp_path, options, *supplies.arguments) == OURS


@pytest.mark.parametrize("installer", INSTALLERS)
def test_it_is_asked_with_its_password(tmp_path: Path, installer: str) -> None:
    name, password = "deploy", "p@ss word"
    auth = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
    with index(tmp_path / "ours", OURS, auth) as ours:
        supplies = from_index({"url": ours, "username": name, "password": password}, tmp_path)
        options = supplies.uv if installer == "uv" else supplies.pip
        assert installed(installer, tmp_path, options, *supplies.arguments) == OURS


@pytest.mark.parametrize("place", ["environment", "files"])
@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_wheelhouse_asks_no_index(tmp_path: Path, indexes: tuple[str, str], installer: str, place: str) -> None:
    _, theirs = indexes
    supplies = from_wheels(tmp_path / "ours")
    options = {**settings(tmp_path, place, theirs), **(supplies.uv if installer == "uv" else supplies.pip)}
    assert installed(installer, tmp_path, options, *supplies.arguments) == OURS


@pytest.mark.parametrize("installer", INSTALLERS)
def test_with_both_the_newer_one_is_taken(tmp_path: Path, indexes: tuple[str, str], installer: str) -> None:
    """As guides have it: the private index besides the one of all."""
    ours, theirs = indexes
    both = ["--index-url", theirs, "--extra-index-url", ours]
    if installer == "uv":
        both += ["--index-strategy", "unsafe-best-match"]
    assert installed(installer, tmp_path, {"PIP_TRUSTED_HOST": "127.0.0.1"}, *both) == THEIRS


@pytest.mark.parametrize("installer", INSTALLERS)
def test_without_a_hash_any_file_is_taken(tmp_path: Path, indexes: tuple[str, str], installer: str) -> None:
    """Once it was replaced by another of the same version."""
    _, theirs = indexes
    (tmp_path / "requirements.txt").write_text(f"{NAME}=={THEIRS}\n")
    options = ("--index-url", theirs, "--requirement", "requirements.txt")
    assert installed(installer, tmp_path, {"PIP_TRUSTED_HOST": "127.0.0.1"}, *options) == THEIRS
