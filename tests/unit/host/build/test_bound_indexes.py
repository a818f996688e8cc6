"""Each distribution comes from its own index; a newer one of the same name elsewhere gets into no environment."""

from __future__ import annotations

import base64
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build import installers, venvs
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.bound_indexes import BoundIndex, bind
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_sandbox import ROOT_RUNNER, BuildRunner
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    DEFAULT_SOURCES,
    PackageSources,
    SourceOptions,
    from_index,
    with_bound,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.identity import file_digest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import PackageIndexEntry

from tests.lab.index import Handler

WEB = Requirements("text", "web\n", False)
TEAM, WORK = "https://pypi.team.example.com/simple", "https://pypi.work.example.com/simple/"


def bound(name: str, url: str, *packages: str) -> BoundIndex:
    return BoundIndex(name, url, frozenset(packages))


@pytest.mark.parametrize(
    ("text", "registries", "projects", "groups", "absent"),
    [
        ("web==1\n", {}, True, {}, ("team-core",)),
        (
            "web==1\nTeam_Core[x]==2 ; python_version>'3'\n",
            {},
            True,
            {TEAM: ["Team_Core[x]==2 ; python_version>'3'"]},
            (),
        ),
        ("team-core>=2\n", {}, True, {TEAM: ["team-core>=2"]}, ()),
        ("team-core @ https://example.com/x.whl\n", {}, True, {}, ()),
        ("team-core-x==2\n", {}, True, {}, ("team-core",)),
        ("torch==2+cpu\n", {"torch==2+cpu": "https://torch.example.com/cpu"}, False, {}, ("team-core",)),
        (
            "torch==2+cpu\ntorch==2 ; sys_platform=='x'\n",
            {"torch==2+cpu": "https://torch.example.com/cpu"},
            True,
            {"https://torch.example.com/cpu": ["torch==2+cpu"]},
            ("team-core",),
        ),
        ("job==1 --hash=sha256:0\n", {"job==1": WORK[:-1]}, False, {WORK: ["job==1 --hash=sha256:0"]}, ("team-core",)),
        ("team-core==1\n", {"team-core==1": f"{TEAM}/"}, True, {TEAM: ["team-core==1"]}, ()),
    ],
    ids=[
        "nothing of it",
        "its own name in another spelling",
        "no exact version",
        "a URL of its own",
        "another name that begins so",
        "a lock, where one index takes the place of all",
        "a lock whose project names the index",
        "a lock, and an entry with its address",
        "both",
    ],
)
def test_requirements_are_bound_to_their_index(
    text: str, registries: dict[str, str], projects: bool, groups: dict[str, list[str]], absent: tuple[str, ...]
) -> None:
    binding = bind(text, [bound("team", TEAM, "team-core"), bound("work", WORK)], registries, projects, "uv.lock")
    assert {group.index.url: list(group.lines) for group in binding.groups} == groups
    assert binding.absent == absent


def test_a_lock_that_contradicts_the_entry_is_refused() -> None:
    with pytest.raises(DeployError, match=f"team binds team-core to {TEAM}, but uv.lock takes it from {WORK}"):
        bind("team-core==1\n", [bound("team", TEAM, "team-core")], {"team-core==1": WORK}, True, "uv.lock")


def test_constraints_leave_nothing_to_other_indexes() -> None:
    binding = bind("team-core>=1\n", [bound("team", TEAM, "team-core", "team-extra")], {}, True, "requirements.txt")
    assert binding.constraints({"team-core": "1.0", "web": "2"}) == "team-core==1.0\nteam-extra<0.dev0\n"


def wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    """Publish a distribution that has nothing but a version."""
    info = f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        f"Requires-Dist: {need}\n" for need in needs
    )
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{info}/METADATA", about)
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


class Recorder(Handler):
    """An index that keeps what it was asked for."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_arguments: object) -> None:
        self.asked.append(self.path)


@contextmanager
def served(folder: Path, password: str | None = None) -> Iterator[str]:
    """Yield the address of an index of a folder's wheels."""
    auth = "Basic " + base64.b64encode(f"deploy:{password}".encode()).decode() if password else None
    handler = type("Index", (Recorder,), {"folder": folder, "auth": auth})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()


class Runner(BuildRunner):
    """Runs uv with a cache and a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.cache = self.folder = folder


def fetched() -> list[str]:
    """Return the files under names of the team that were fetched from the index of all."""
    return [path for path in Recorder.asked if path.startswith("/files/team_") and "-99.0-" in path]


@pytest.fixture
def main(tmp_path: Path) -> Iterator[str]:
    """Yield the index of all, where anyone has published newer versions under the names of a team."""
    wheel(tmp_path / "main", "web", "1.0")
    for name in ("team_core", "team_extra"):
        wheel(tmp_path / "main", name, "99.0")
    with served(tmp_path / "main", "of-the-main-one") as url:
        yield url


@pytest.fixture
def team(tmp_path: Path) -> Iterator[str]:
    """Yield the index of the team, whose distribution needs one of its own and one of the index of all."""
    wheel(tmp_path / "team", "team_core", "1.0", "web", "team-extra")
    wheel(tmp_path / "team", "team_extra", "1.0")
    with served(tmp_path / "team", "of-the-team") as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ROOT_RUNNER, "cache", tmp_path)
    Recorder.asked.clear()
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def sources(folder: Path, main: str, *indexes: dict[str, Any]) -> PackageSources:
    """Return the index of all, and further ones."""
    entries = [cast("PackageIndexEntry", {"username": "deploy", "packages": [], **index}) for index in indexes]
    private = from_index({"url": main, "username": "deploy", "password": "of-the-main-one"}, folder)
    return with_bound(private, SourceOptions(package_indexes=entries), folder)


def built(folder: Path, sources: PackageSources, requirements: Requirements, server: venvs.Server) -> dict[str, str]:
    """Return what is in an environment that uv built."""
    uv = installers.Uv(sources, Runner(folder), str(Path(sys.executable).with_name("uv")))
    interpreter = installers.Interpreter(sys.executable, "x")
    venvs.build(folder / "venv", uv, interpreter, requirements, folder, server)
    return dict(venvs.distributions(folder / "venv"))


@pytest.mark.parametrize("names", [["team-core", "team-extra"], []], ids=["named by the entry", "named by the lock"])
@pytest.mark.parametrize("with_hashes", [False, True])
def test_each_comes_from_its_own_index(folder: Path, main: str, team: str, names: list[str], with_hashes: bool) -> None:
    wheels = {"team-core==1.0": "team/team_core", "team-extra==1.0": "team/team_extra", "web==1.0": "main/web"}
    text = "".join(
        f"{line} --hash=sha256:{file_digest(folder / f'{file}-1.0-py3-none-any.whl')}\n" if with_hashes else f"{line}\n"
        for line, file in wheels.items()
    )
    registries = {} if names else dict.fromkeys(("team-core==1.0", "team-extra==1.0"), team)
    index = {"name": "team", "url": team, "password": "of-the-team", "packages": names}
    requirements = Requirements("text", text, False, registries=registries)
    found = built(folder, sources(folder, main, index), requirements, venvs.Server(others=["web"]))
    assert fetched() == []
    assert found == {"team-core": "1.0", "team-extra": "1.0", "web": "1.0"}


def test_what_is_bound_and_not_listed_is_taken_from_no_index(folder: Path, main: str, team: str) -> None:
    index = {"name": "team", "url": team, "password": "of-the-team", "packages": ["team-core", "team-extra"]}
    with pytest.raises(DeployError, match="package_indexes: team-extra must come from the index that it is bound to"):
        built(folder, sources(folder, main, index), Requirements("text", "team-core\n", False), venvs.Server())
    assert fetched() == []


def test_a_server_that_is_bound_is_taken_from_no_other_index(folder: Path, main: str, team: str) -> None:
    index = {"name": "team", "url": team, "password": "of-the-team", "packages": ["team-extra"]}
    with pytest.raises(DeployError, match="team-extra"):
        built(
            folder,
            sources(folder, main, index),
            Requirements("text", "web\n", False),
            venvs.Server(others=["team-extra"]),
        )
    assert fetched() == []


def test_a_build_takes_nothing_that_is_bound_from_the_index_of_all(folder: Path, main: str, team: str) -> None:
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[build-system]\nrequires = ["team-extra"]\nbuild-backend = "x"\n')
    index = {"name": "team", "url": team, "password": "of-the-team", "packages": ["team-extra"]}
    with pytest.raises(DeployError, match=r"team-extra<0\.?dev0|team-extra"):
        built(folder, sources(folder, main, index), Requirements("text", f"{project}\n", True), venvs.Server())
    assert fetched() == []


def test_a_wrong_password_ends_it_and_is_not_shown(folder: Path, main: str, team: str) -> None:
    index = {"name": "team", "url": team, "password": "wr0ng-s3cret", "packages": ["team-core"]}
    with pytest.raises(DeployError) as error:
        built(folder, sources(folder, main, index), Requirements("text", "team-core\n", False), venvs.Server())
    assert "wr0ng-s3cret" not in str(error.value)
    assert fetched() == []


def test_pip_is_refused(folder: Path) -> None:
    index: Any = {"name": "team", "url": TEAM, "username": None, "password": None, "packages": ["team-core"]}
    pip = installers.Pip(with_bound(DEFAULT_SOURCES, SourceOptions(package_indexes=[index]), folder), Runner(folder))
    interpreter = installers.Interpreter(sys.executable, "x")
    with pytest.raises(DeployError, match="package_indexes: are read by uv only"):
        venvs.build(folder / "venv", pip, interpreter, Requirements("text", "web\n", False), folder)
