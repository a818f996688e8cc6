"""System users, made."""

from __future__ import annotations

import os
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import users
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@pytest.mark.parametrize(("name", "group"), [("asgi-no-such", "--user-group"), ("daemon", "--gid=daemon")])
def test_a_user_has_a_group_of_its_name(monkeypatch: pytest.MonkeyPatch, name: str, group: str) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(users, "run", asked.append)
    users.create(name, "Application no-such", "/var/lib/asgi/no-such")
    (argv,) = asked
    assert argv[:2] == ["useradd", "--system"] and argv[-2:] == ["--", name]
    assert {group, "--shell=/usr/sbin/nologin", "--home-dir=/var/lib/asgi/no-such"} <= set(argv)


@pytest.mark.parametrize(("name", "fails"), [("daemon", False), ("asgi-no-such", True)])
def test_another_run_may_make_it_at_the_same_time(monkeypatch: pytest.MonkeyPatch, name: str, fails: bool) -> None:
    def run(_argv: list[str]) -> str:
        raise DeployError(f"useradd: user '{name}' already exists")

    monkeypatch.setattr(users, "run", run)
    with pytest.raises(DeployError) if fails else nullcontext():
        users.create(name)


def test_reports_who_is_there() -> None:
    assert (users.exists("root"), users.exists("asgi-no-such")) == (True, False)


@pytest.mark.parametrize(
    ("shell", "group", "others", "says"),
    [
        ("/usr/sbin/nologin", 995, [995], None),
        ("/bin/bash", 995, [995], "asgi-shop has the shell /bin/bash instead of /usr/sbin/nologin"),
        ("", 995, [995], "asgi-shop has the shell /bin/sh instead of /usr/sbin/nologin"),
        ("/usr/sbin/nologin", 0, [0], "asgi-shop has the group root instead of asgi-shop"),
        ("/usr/sbin/nologin", 995, [995, 27, 4], "asgi-shop is in other groups: adm, sudo"),
    ],
)
def test_reports_what_differs_of_a_user(
    monkeypatch: pytest.MonkeyPatch, shell: str, group: int, others: list[int], says: str | None
) -> None:
    names = {995: "asgi-shop", 0: "root", 27: "sudo", 4: "adm"}
    actual = SimpleNamespace(pw_shell=shell, pw_gid=group)
    monkeypatch.setattr(users, "pwd", SimpleNamespace(getpwnam=lambda _name: actual))
    monkeypatch.setattr(users, "grp", SimpleNamespace(getgrgid=lambda number: SimpleNamespace(gr_name=names[number])))
    monkeypatch.setattr(os, "getgrouplist", lambda _name, _group: others)
    assert users.alteration("asgi-shop") == says


def test_nothing_differs_of_a_user_that_is_not_there() -> None:
    assert users.alteration("asgi-no-such") is None
