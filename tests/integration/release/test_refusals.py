"""What only the host can find out about a release, said before traffic is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import DOMAIN, HOSTS, LAB, only, playbook


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


def refused(site: Web, **changes: str) -> str:
    """Run with a changed entry, which must fail and leave what serves as it is."""
    live, pid = site.live(), site.version()["pid"]
    variables = only(site.domain, **{"version": "v1.0.0", **changes})
    run = playbook("--extra-vars", variables, f"--limit={site.host.name}")
    assert run.status != 0, run.output
    assert site.live() == live
    assert site.host.run(f"test -d /proc/{pid}", check=False).returncode == 0
    return run.output


def test_refuses_a_version_that_the_repository_does_not_have(site: Web) -> None:
    output = refused(site, version="v1.0.1")
    assert "version: found 'v1.0.1', which is no tag, branch or commit of https://" in output
    assert "it has v1.0.0" in output


def test_refuses_a_repository_that_cannot_be_read(site: Web) -> None:
    nowhere = LAB.repository("none", HOSTS.parent / "none").url
    output = refused(site, git=nowhere)
    assert f"git: {nowhere} cannot be read from this host:" in output


def test_refuses_an_application_that_says_nothing_of_what_it_needs(site: Web) -> None:
    repository = LAB.repository("empty", HOSTS.parent / "empty")
    source = HOSTS.parent / "empty-source"
    source.mkdir(exist_ok=True)
    (source / "app.py").write_text("app = None\n")
    repository.create(source)
    repository.commit("v1.0.0")
    output = refused(site, git=repository.url)
    assert (
        "holds no uv.lock, pylock.toml, requirements.txt or pyproject.toml with a [project] table at its top" in output
    )


def test_refuses_a_module_that_the_application_does_not_have(site: Web) -> None:
    assert "ModuleNotFoundError: No module named 'shop.nothing'" in refused(site, module="shop.nothing:app")


PROJECT = """\
[project]
name = "@NAME@"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = [@NEEDS@"starlette==1.10.0"]

[build-system]
requires = ["uv_build>=0.9"]
build-backend = "uv_build"
"""
# The same, with a version that only git knows.
VERSIONED = (
    PROJECT.partition("[build-system]")[0].replace('version = "1.0.0"', 'dynamic = ["version"]')
    + """\
[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"

[tool.hatch.version]
source = "vcs"

[tool.hatch.build.targets.wheel]
packages = ["src/hello"]
"""
)
WORKSPACE = """\
[tool.uv.workspace]
members = ["packages/*"]
[tool.uv.sources]
greeting = {workspace = true}
"""
APP = """\
from importlib.metadata import version
from importlib.util import find_spec

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def home(request):
    said = ""
    if find_spec("greeting"):
        import greeting

        said = f" {greeting.WORD}"
    return PlainTextResponse(version("hello") + said)


app = Starlette(routes=[Route("/", home)])
"""


def project(folder: Path, name: str, text: str, needs: str = "", form: str = PROJECT) -> None:
    """Write a package with one module."""
    package = folder / "src" / name
    package.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(form.replace("@NAME@", name).replace("@NEEDS@", needs))
    (folder / "README.md").write_text("hello\n")
    (package / "__init__.py").write_text(text)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_builds_from_a_lock_or_from_the_project(site: Web, installer: str) -> None:
    """Serve a member of a workspace that has a uv.lock by uv, and a package without a lock by pip."""
    name = f"hello-{installer}"
    source = HOSTS.parent / f"{name}-source"
    workspace = installer == "uv"
    member = source / "packages" / "hello" if workspace else source
    project(member, "hello", APP, '"greeting", ' if workspace else "", PROJECT if workspace else VERSIONED)
    if workspace:
        project(source / "packages" / "greeting", "greeting", 'WORD = "hello"\n')
        (source / "pyproject.toml").write_text(WORKSPACE)
        lock(source)
    repository = LAB.repository(name, HOSTS.parent / name)
    repository.create(source)
    repository.commit("v1.0.0")
    LAB.set_dns({f"{name}.{DOMAIN}": site.host.name})
    variables = only(
        f"{name}.{DOMAIN}",
        name=name,
        git=repository.url,
        version="v1.0.0",
        module="hello:app",
        workers="1",
        installer=installer,
        gate={"path": "/"},
        **({"subdirectory": "packages/hello"} if workspace else {}),
    )
    playbook("--extra-vars", variables, f"--limit={site.host.name}").ok()
    answer = https.wait(f"{name}.{DOMAIN}", site.host.address, site.ca)
    assert (answer.status_code, answer.text) == (200, "1.0.0 hello" if workspace else "1.0.0")
    record = json.loads(site.host.run(f"cat /srv/asgi/{name}/current/release.json").stdout)
    assert record["requirements"] == ("uv.lock" if workspace else "pyproject.toml")
    assert site.get("/version").status_code == 200, "the other application on the host serves on"


def lock(tree: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([str(uv), "lock", "--quiet", "--directory", str(tree)], check=True, timeout=60)
