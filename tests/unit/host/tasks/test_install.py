"""Packages and environments, installed side by side."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import install as act_install
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.install import InstallOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import ToolEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

SECONDS = 20.0  # of patience


class Host:
    """A host on which nothing is installed, and what is done there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[Any] = []
        self.building = threading.Event()
        self.built = threading.Event()
        self.broken = ""
        monkeypatch.setattr(apt, "missing_packages", list)
        monkeypatch.setattr(apt, "install", self.install)
        monkeypatch.setattr(apt, "install_in_background", lambda groups: self.done.append({"behind": groups}))
        monkeypatch.setattr(act_install, "build_tool", self.build)

    def install(self, names: Sequence[str]) -> None:
        self.done.append(list(names))
        if "nginx" in names:
            assert self.building.wait(SECONDS), "environments are built at the same time"
            self.built.set()
        if self.broken in names:
            raise DeployError("no space left")

    def build(self, path: Path, _requirements: str, _given: Any) -> None:
        self.building.set()
        assert self.built.wait(SECONDS), "packages are installed at the same time"
        self.done.append(str(path))
        if self.broken == str(path):
            raise DeployError("no index")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def options(path: Path, *packages: str) -> InstallOptions:
    venv: ToolEntry = {"path": str(path / "certbot"), "requirements": "certbot==1\n", "wheelhouse": None}
    return {"packages": list(packages), "venvs": [venv], "later": []}


def test_the_package_that_builds_comes_first_and_the_rest_during_the_build(host: Host, tmp_path: Path) -> None:
    result = act_install.act(options(tmp_path, "git", "nginx", "python3-venv"), False)
    assert (result["changed"], host.done) == (True, [["python3-venv"], ["git", "nginx"], str(tmp_path / "certbot")])
    assert result["diff"]["after"] == f"git\nnginx\npython3-venv\n{tmp_path / 'certbot'}\n"


def test_without_environments_apt_runs_once(host: Host) -> None:
    act_install.act({"packages": ["git", "python3-venv"], "venvs": [], "later": []}, False)
    assert host.done == [["git", "python3-venv"]]


def test_later_packages_begin_once_the_others_are_installed(host: Host, tmp_path: Path) -> None:
    later = [["git"], ["nftables", "unattended-upgrades"]]
    result = act_install.act({**options(tmp_path, "nginx"), "later": later}, False)
    assert host.done == [["nginx"], {"behind": later}, str(tmp_path / "certbot")]
    assert result["diff"]["after"].splitlines()[:4] == ["nginx", "git", "nftables", "unattended-upgrades"]
    assert act_install.act({"packages": [], "venvs": [], "later": [["git"]]}, True)["changed"]


@pytest.mark.parametrize(
    ("seen", "at_work", "installed"),
    [
        ([[]], [], []),  # there already: dpkg is queried once
        ([["git"], ["git"], [], []], [True], []),  # it arrives
        ([["git"], ["git"], ["git"], ["git"]], [True, False], [["git"]]),  # the unit ends without it
        ([["git"], ["git"], []], [False], []),  # it arrived between the two queries
    ],
)
def test_a_task_waits_for_packages_and_installs_those_that_do_not_come(
    host: Host, monkeypatch: pytest.MonkeyPatch, seen: list[list[str]], at_work: list[bool], installed: list[Any]
) -> None:
    looks, answers = iter(seen), iter(at_work)
    monkeypatch.setattr(apt, "missing_packages", lambda _names: next(looks))
    monkeypatch.setattr(apt, "_installing_in_background", lambda: next(answers))
    monkeypatch.setattr(apt, "_POLL", 0)
    monkeypatch.setattr(apt, "log_to_journal", lambda text: None)
    apt.ensure_installed(["git"])
    assert host.done == installed and not list(looks)


def test_a_relative_path_is_refused_before_anything_is_installed(host: Host) -> None:
    venv: ToolEntry = {"path": "certbot", "requirements": "certbot==1\n", "wheelhouse": None}
    result = act_install.act({"packages": ["nginx"], "venvs": [venv], "later": []}, False)
    assert result["failed"] and result["msg"].startswith("path: found 'certbot', expected one that begins with /")
    assert host.done == []


def test_a_check_installs_nothing(host: Host, tmp_path: Path) -> None:
    assert act_install.act(options(tmp_path, "git"), True)["changed"] is True
    assert host.done == []


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("python3-venv", "no space left"),
        ("nginx", "no space left"),
        ("{}/certbot", "no index"),
    ],
)
def test_a_failure_is_reported(host: Host, tmp_path: Path, broken: str, says: str) -> None:
    host.broken = broken.format(tmp_path)
    assert act_install.act(options(tmp_path, "nginx", "python3-venv"), False) == {"failed": True, "msg": says}


class Apt:
    """A host whose programs give prepared answers, and the calls that they got."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.asked: list[list[str]] = []
        self.answers: dict[str, list[tuple[int, str]]] = {}  # of a program, in turn; the last one stays
        self.environment = tmp_path / "environment"
        (tmp_path / "x_Packages").touch()  # lists that are fresh
        monkeypatch.setattr(apt, "LISTS", tmp_path)
        monkeypatch.setattr(apt, "_SURROUNDINGS", self.environment)
        monkeypatch.setattr(apt, "write", lambda path, text, mode: path.write_bytes(text))
        monkeypatch.setattr(apt, "run_unchecked", self.attempt)
        monkeypatch.setattr(apt, "run", self.run)
        monkeypatch.setattr(apt, "_POLL", 0)
        monkeypatch.setattr(apt, "_LIST_POLL", 0)

    def attempt(self, argv: Sequence[str], *_more: Any, **_options: Any) -> subprocess.CompletedProcess[str]:
        self.asked.append(list(argv))
        answers = self.answers.get(Path(argv[0]).name, [(0, "")])
        status, output = answers.pop(0) if len(answers) > 1 else answers[0]
        return subprocess.CompletedProcess(argv, status, "", output)

    def run(self, argv: Sequence[str], *_more: Any, **_options: Any) -> str:
        if self.attempt(argv).returncode:
            raise DeployError(f"{argv[0]} failed")
        return ""

    def of(self, program: str) -> list[list[str]]:
        return [argv for argv in self.asked if Path(argv[0]).name == program]


@pytest.fixture
def package_manager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Apt:
    return Apt(monkeypatch, tmp_path)


def test_groups_are_installed_one_after_the_other_whatever_becomes_of_those_before(package_manager: Apt) -> None:
    apt.install_in_background([["git"], ["nftables", "fail2ban"]])
    (argv,) = package_manager.of("systemd-run")
    assert argv[-3:] == ["--", "nftables", "fail2ban"]
    (before,) = [word for word in argv if "ExecStartPre" in word]
    assert before.startswith("--property=ExecStartPre=-/usr/bin/apt-get ") and before.endswith(" install -- git")
    assert 'DEBIAN_FRONTEND="noninteractive"' in package_manager.environment.read_text()
    assert not any("DEBIAN_FRONTEND" in word for word in argv), "everyone can read properties"


@pytest.mark.parametrize("program", ["systemd-run", "apt-get"])
def test_what_cannot_begin_is_left_to_the_task_that_needs_it(package_manager: Apt, program: str) -> None:
    package_manager.answers[program] = [(1, "no")]
    next(package_manager.environment.parent.glob("*_Packages")).unlink()  # no lists: they must be fetched first
    apt.install_in_background([["git"]])
    assert not package_manager.environment.exists()


def test_an_installation_that_fails_names_its_packages(package_manager: Apt) -> None:
    package_manager.answers["apt-get"] = [(100, "E: Unable to locate package gti")]
    with pytest.raises(DeployError, match="packages gti could not be installed: E: Unable to locate package gti"):
        apt.install(["gti"])


def test_an_upgrade_of_systemd_is_waited_for(package_manager: Apt, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([1, 1, 0])
    monkeypatch.setattr(
        apt, "run_unchecked", lambda argv, **_options: subprocess.CompletedProcess(argv, next(answers), "", "")
    )
    apt.wait_for_background_install()
    assert list(answers) == []


def test_another_run_that_installs_in_the_background_keeps_its_environment(
    package_manager: Apt, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_manager.answers["systemd-run"] = [(1, "Unit asgi-install.service was already loaded")]
    answers = iter([False, True])
    monkeypatch.setattr(apt, "_installing_in_background", lambda: next(answers))
    apt.install_in_background([["git"]])
    assert package_manager.environment.exists()


HELD = "E: Could not get lock {}/lock. It is held by process 211 (apt-get)"


def test_lists_that_another_program_fetches_are_waited_for(package_manager: Apt) -> None:
    """On a new VM; apt-get itself waits for another lock only."""
    next(package_manager.environment.parent.glob("*_Packages")).unlink()
    package_manager.answers["apt-get"] = [(100, HELD.format(apt.LISTS))] * 2 + [(0, "")]
    apt.install(["git"])
    assert [argv[-1] for argv in package_manager.of("apt-get")] == ["update", "update", "update", "git"]


@pytest.mark.parametrize(
    ("message", "patience"), [("E: The repository has no Release file.", 300), (HELD.format(apt.LISTS), 0)]
)
def test_lists_that_cannot_be_fetched_are_reported(
    package_manager: Apt, monkeypatch: pytest.MonkeyPatch, message: str, patience: float
) -> None:
    monkeypatch.setattr(apt, "LOCK_SECONDS", patience)
    next(package_manager.environment.parent.glob("*_Packages")).unlink()
    package_manager.answers["apt-get"] = [(100, message)]
    with pytest.raises(DeployError, match="packages git could not be installed: apt-get update failed: E: "):
        apt.install(["git"])


@pytest.mark.parametrize("message", ["E: dpkg was interrupted, you must run it", "E: Unmet dependencies. Try"])
def test_what_a_power_cut_left_is_finished_first(package_manager: Apt, message: str) -> None:
    """dpkg cannot finish what lacks others; apt-get fetches these, and takes nothing away for it."""
    package_manager.answers = {"apt-get": [(100, message), (0, "")], "dpkg": [(1, "dependency problems")]}
    apt.install(["nftables"])
    first, repaired, again = package_manager.of("apt-get")
    assert first == again and first[-1] == "nftables"
    assert repaired[-4:] == ["--fix-broken", "--no-remove", "install", "--"]
    assert package_manager.of("dpkg")[0][-2:] == ["--configure", "--pending"]


def test_dpkg_at_work_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was about to read was taken away; that is no host without packages."""
    shown = subprocess.CompletedProcess([], 1, "git installed\nnginx config-files\n", "")
    answers = iter([subprocess.CompletedProcess([], 2, "", "error"), shown])
    monkeypatch.setattr(apt, "_POLL", 0)
    monkeypatch.setattr(apt, "run_unchecked", lambda *_argv, **_options: next(answers))
    assert apt.missing_packages(["git", "nginx"]) == ["nginx"]
    monkeypatch.setattr(apt, "run_unchecked", lambda argv, **_options: subprocess.CompletedProcess(argv, 2, "", "gone"))
    with pytest.raises(DeployError, match="dpkg-query cannot list what is installed: gone"):
        apt.missing_packages(["git"])
