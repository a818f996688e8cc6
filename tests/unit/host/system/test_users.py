"""System users, made."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import users as accounts
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@pytest.mark.parametrize(("name", "group"), [("asgi-no-such", "--user-group"), ("daemon", "--gid=daemon")])
def test_a_user_has_a_group_of_its_name(monkeypatch: pytest.MonkeyPatch, name: str, group: str) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(accounts, "run", asked.append)
    accounts.make(name, "Application no-such", "/var/lib/asgi/no-such")
    (argv,) = asked
    assert argv[:2] == ["useradd", "--system"] and argv[-2:] == ["--", name]
    assert {group, "--shell=/usr/sbin/nologin", "--home-dir=/var/lib/asgi/no-such"} <= set(argv)


@pytest.mark.parametrize(("name", "fails"), [("daemon", False), ("asgi-no-such", True)])
def test_another_run_may_make_it_meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, fails: bool) -> None:
    def run(_argv: list[str]) -> str:
        raise DeployError(f"useradd: user '{name}' already exists")

    monkeypatch.setattr(accounts, "run", run)
    with pytest.raises(DeployError) if fails else nullcontext():
        accounts.make(name)


def test_tells_who_is_there() -> None:
    assert (accounts.exists("root"), accounts.exists("asgi-no-such")) == (True, False)
