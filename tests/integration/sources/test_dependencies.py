"""Dependencies from a private repository and an index of their own, and files that git ignores: all of it arrives."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients import https
from tests.integration import command_lines
from tests.integration.hosts import DOMAIN, LAB
from tests.integration.sources.conftest import App
from tests.integration.sources.prepare import FOLDER, GIT_HOST, INDEX, git, wheel

Apps = Callable[[str], App]
# A distribution that needs nothing to be built.
BACKEND = """
import os, zipfile

def build_wheel(folder, settings=None, metadata=None):
    name, info = "shop_lib-1.0-py3-none-any.whl", "shop_lib-1.0.dist-info"
    members = {
        "shop_lib.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: shop-lib\\nVersion: 1.0\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    members[f"{info}/RECORD"] = "".join(f"{member},,\\n" for member in [*members, f"{info}/RECORD"])
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for member, text in members.items():
            wheel.writestr(member, text)
    return name
"""
PROJECT = """
[project]
name = "shop-lib"
version = "1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
SERVE = """\
id lib >/dev/null 2>&1 || useradd --create-home --shell /usr/bin/git-shell lib
rm -rf ~lib/*.git && install -d -o lib -m 0700 ~lib/.ssh
printf 'restrict %s\\n' '{key}' >~lib/.ssh/authorized_keys && chown lib ~lib/.ssh/authorized_keys
runuser -u lib -- git init --quiet --bare --initial-branch=main ~lib/lib.git
"""


@dataclass(frozen=True)
class Library:
    """A repository of a distribution, which only one key may read."""

    url: str
    key: str
    known_hosts: list[str]

    @property
    def options(self) -> dict[str, Any]:
        """Return the options of an application that needs it."""
        return {"dependency_keys": {self.url: self.key}, "known_hosts": self.known_hosts}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("library")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lib", "-f", str(key)], check=True)
    host = LAB.host(GIT_HOST)
    host.run(SERVE.format(key=key.with_suffix(".pub").read_text().strip()))
    url = f"ssh://lib@{host.address}/home/lib/lib.git"
    tree = folder / "lib"
    tree.mkdir()
    (tree / "backend.py").write_text(BACKEND)
    (tree / "pyproject.toml").write_text(PROJECT)
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "v1")
    git(tree, "tag", "v1")
    git(tree, "push", "--quiet", url, "main", "v1", key=key)
    kind, text = host.run("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[:2]
    return Library(url, key.read_text(), [f"{host.address} {kind} {text}"])


@pytest.fixture(scope="module")
def indexes(prepared: dict[str, str]) -> dict[str, Any]:
    """Return options of two indexes: all is in one, where a newer distribution has the name of one of the other."""
    index = LAB.index(INDEX)
    for folder, version in ((INDEX / "team", "1.0"), (INDEX, "9.0")):
        package = folder / "sources" / "shop_team"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        wheel("shop_team", version, package, folder=folder)
    main = {name: prepared[f"index_{name}"] for name in ("url", "username", "password")}
    login = {"username": index.team.username, "password": index.team.password}
    team = {"url": index.team.url, **login, "packages": ["shop-team"]}
    return {"index": main, "package_indexes": {"team": team}, "insecure_transport": True}


@pytest.fixture(scope="module")
def directory(
    app: Apps, library: Library, indexes: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    """Yield an application whose folder is a work tree of git with a build result, and which needs the library."""
    folder = tmp_path_factory.mktemp("work") / "shop"
    shutil.copytree(FOLDER / "directory", folder)
    with (folder / "requirements.txt").open("a") as file:
        file.write(f"shop-lib @ git+{library.url}@v1\nshop-team>=1\n")
    (folder / ".gitignore").write_text("*.log\ndist\n")
    (folder / "web" / "dist").mkdir(parents=True)
    (folder / "web" / "dist" / "built.txt").write_text("built here\n")
    git(folder, "init", "--quiet")
    before = app("directory")
    static = {"directory": str(folder), "static": {"/built/": "web/dist"}, **indexes}
    yield App("directory", {**before.entry, **static})
    before.run().ok()


def test_what_git_ignores_is_named_before_any_host_is_touched(directory: App, library: Library) -> None:
    output = directory.refused(**library.options)
    assert "static: found 'web/dist', which git ignores by .gitignore:2 (dist)" in output
    assert "write directory_includes: [web/dist]" in output
    assert "TASK [asgi.deploy.app" not in output


def test_a_dependency_without_its_key_is_refused(directory: App) -> None:
    output = directory.refused(directory_includes=["web/dist"], apt={"build": ["git"]})
    assert "the repository of a dependency asks for a key; write dependency_keys" in output


def test_dependencies_come_by_their_keys_and_indexes_and_build_results_are_shipped(
    directory: App, library: Library
) -> None:
    command_lines.watch(directory.host)
    try:
        directory.run(directory_includes=["web/dist"], **library.options).ok()
    finally:
        lines = command_lines.read(directory.host)
        command_lines.forget(directory.host)
    installed = directory.host.run("ls /srv/asgi/directory/current/venv/lib/python3*/site-packages").stdout.split()
    assert {"shop_lib", "shop_team-1.0.dist-info"} <= {*installed} | {name.removesuffix(".py") for name in installed}
    answer = https.get(f"directory.{DOMAIN}", directory.host.address, LAB.acme_root, "/built/built.txt")
    assert (answer.status_code, answer.text) == (200, "built here\n")
    places = "/srv /var /etc /root /run /tmp"
    for secret in (library.key.splitlines()[2], directory.entry["package_indexes"]["team"]["password"]):
        assert secret not in lines
        assert directory.host.run(f"grep -rlI '{secret}' {places}", check=False).stdout == ""
