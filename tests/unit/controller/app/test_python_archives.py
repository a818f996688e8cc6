"""Which archive of an interpreter an entry asks for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.python_archives import (
    ARCHIVES,
    MACHINES,
    archive_path,
    mirror_errors,
    python_archive,
)

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
URL = "https://mirror.example.com/python"
NEWEST = next(version for version in ARCHIVES if version.startswith("3.14."))


def app(mirror: Any = URL, **changes: Any) -> Any:
    mirror = {"url": mirror} if isinstance(mirror, str) else mirror
    mirror = mirror and {"url": None, "archives": {}, **mirror}
    return {
        "name": "shop",
        "state": "present",
        "python": "3.14",
        "installer": "auto",
        "python_mirror": mirror,
    } | changes


def named(version: str, machine: str = "x86_64", folder: str = "") -> str:
    return f"{folder}cpython-{version}-{machine}-unknown-linux-gnu-install_only.tar.gz"


@pytest.mark.parametrize("machine", MACHINES)
def test_uvs_own_list_has_the_archive_by_default(machine: str) -> None:
    assert python_archive(app(f"{URL}/"), {"architecture": machine}) == {
        "url": f"{URL}/{archive_path(NEWEST, machine).replace('+', '%2B')}",
        "sha256": ARCHIVES[NEWEST][machine],
        "version": NEWEST,
        "machine": machine,
    }


def test_the_newest_of_the_entrys_own_archives_is_taken() -> None:
    archives = {
        named("3.14.9"): "a" * 64,
        named("3.14.10", folder="new/"): "b" * 64,
        named("3.14.11", "aarch64"): "c" * 64,
        named("3.13.20"): "d" * 64,
    }
    entry = app({"url": URL, "archives": archives})
    assert mirror_errors(entry) == []
    assert python_archive(entry, {"architecture": "x86_64"}) == {
        "url": f"{URL}/new/{named('3.14.10')}",
        "sha256": "b" * 64,
        "version": "3.14.10",
        "machine": "x86_64",
    }


def test_there_is_none_without_a_mirror() -> None:
    assert python_archive(app(None), {"architecture": "x86_64"}) is None
    assert mirror_errors(app(None)) == []
    assert mirror_errors(app(state="absent", python="system")) == []


@pytest.mark.parametrize("machine", ["armv7l", "aarch64"])
def test_another_machine_is_named(machine: str) -> None:
    entry = app({"url": URL, "archives": {named("3.14.2"): "a" * 64}})
    with pytest.raises(ValueError, match=f"only archives of 3.14.2; .* for {machine}, which this host is"):
        python_archive(entry, {"architecture": machine})


def test_the_collections_list_is_uvs_own(tmp_path: Path) -> None:
    """uv has a checksum for each archive; it names it where another file comes from the mirror."""
    listed = subprocess.run(
        [UV, "python", "list", "--only-downloads", "--all-arches", "--output-format", "json"],
        capture_output=True,
        check=True,
        env={**os.environ, "UV_NO_CACHE": "1"},
    ).stdout
    newest = {
        (line["version"], line["arch"]): unquote(line["url"].partition("/download/")[2])
        for line in json.loads(listed)
        if (line["os"], line["libc"], line["variant"], line["implementation"]) == ("linux", "gnu", "default", "cpython")
        if line["arch"] in MACHINES and line["version"] in ARCHIVES
    }
    assert newest == {key: archive_path(*key) for key in ((version, of) for version in ARCHIVES for of in MACHINES)}
    other = tmp_path / "other.tar.gz"
    with tarfile.open(other, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("python/bin"))
    found = {}
    for (version, machine), path in newest.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(other, tmp_path / path)
        argv = [
            UV,
            "python",
            "install",
            "--no-bin",
            "--mirror",
            tmp_path.as_uri(),
            "--install-dir",
            str(tmp_path / "i"),
        ]
        key = f"cpython-{version}-linux-{machine}-gnu"
        env = {**os.environ, "UV_NO_CACHE": "1", "UV_PYTHON_DOWNLOADS": "manual", "UV_HTTP_RETRIES": "0"}
        printed = subprocess.run([*argv, key], capture_output=True, text=True, check=False, env=env).stderr
        found[version, machine] = re.findall(r"[0-9a-f]{64}", printed)[0]
    assert found == {(version, machine): ARCHIVES[version][machine] for version, machine in newest}
