"""System users, made."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils import accounts


@pytest.mark.parametrize(("name", "group"), [("asgi-no-such", "--user-group"), ("daemon", "--gid=daemon")])
def test_a_user_has_a_group_of_its_name(monkeypatch: pytest.MonkeyPatch, name: str, group: str) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(accounts, "run", asked.append)
    accounts.make(name, "Application no-such", "/var/lib/asgi/no-such")
    (argv,) = asked
    assert argv[:2] == ["useradd", "--system"] and argv[-2:] == ["--", name]
    assert {group, "--shell=/usr/sbin/nologin", "--home-dir=/var/lib/asgi/no-such"} <= set(argv)


def test_tells_who_is_there() -> None:
    assert (accounts.exists("root"), accounts.exists("asgi-no-such")) == (True, False)
