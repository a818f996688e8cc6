"""What is done with a set of files on a host, and in which order."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import pending_units, systemd, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import Unit
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import files as act_files
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.files import FilesOptions
from ansible_collections.asgi.deploy.plugins.module_utils._host.web import nginx
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import FilesResult
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import check_options

NGINX, TIMER = "nginx.service", "asgi-logs.timer"
MINE = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


class Host:
    """What is asked of it, on which units run or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.asked: list[list[str]] = []
        self.up: set[str] = set()
        self.units = folder / "systemd" / "system"
        monkeypatch.setattr(pending_units, "PENDING", folder / "pending")
        monkeypatch.setattr(systemd, "show", lambda *names, **_: [self._unit(name) for name in names])
        for verb in ("daemon_reload", "start", "enable"):
            monkeypatch.setattr(systemd, verb, lambda *names, verb=verb, **_: self.asked.append([verb, *names]))
        monkeypatch.setattr(
            systemd, "reload_and_restart", lambda *names: self.asked.extend(["restart", name] for name in names)
        )
        monkeypatch.setattr(systemd, "change", lambda *words: self.asked.append(list(words)))
        monkeypatch.setattr(nginx, "reload_and_wait", lambda name: self.asked.append(["reload or start", name]))
        monkeypatch.setattr(users, "create", lambda name, **_about: self.asked.append(["make", name]))
        monkeypatch.setattr(act_files, "log_to_journal", lambda _text: None)

    def _unit(self, name: str) -> Unit:
        up = name in self.up
        return Unit(name, {"ActiveState": "active" if up else "inactive", "UnitFileState": "enabled" if up else ""})

    def act(self, *paths: str, check_mode: bool = False, **more: Any) -> FilesResult:
        files = [{"path": str(self.units / path), "content": "x", **MINE} for path in paths]
        options, _secrets = check_options(act_files.OPTIONS, cast("dict[str, Json]", {"files": files, **more}))
        return act_files.act(cast("FilesOptions", options), check_mode)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    return Host(monkeypatch, tmp_path)


def test_units_start_at_boot_before_systemd_reads_all_once(host: Host) -> None:
    result = host.act(TIMER, units=[TIMER])
    assert host.asked == [["enable", TIMER], ["daemon_reload"], ["start", TIMER]]
    assert result["units"] == [TIMER]


@pytest.mark.parametrize(
    ("up", "asked"),
    [
        ({NGINX}, [["restart", NGINX], ["daemon_reload"]]),
        # It would start as systemd has read it before.
        (set(), [["daemon_reload"], ["reload or start", NGINX], ["daemon_reload"]]),
    ],
)
def test_a_service_starts_with_its_new_drop_in(host: Host, up: set[str], asked: list[list[str]]) -> None:
    host.up = up
    host.act(f"{NGINX}.d/asgi.conf", reload=NGINX)
    assert host.asked == asked
    host.asked.clear()
    assert not host.act(f"{NGINX}.d/asgi.conf", reload=NGINX)["changed"]
    assert host.asked == []


JOURNALD = "systemd-journald@asgi-shop.service"


def test_a_journal_goes_by_its_new_settings(host: Host) -> None:
    """Once systemd has read its drop-in; and by no more than once for all of its files."""
    host.act("../journald@asgi-shop.conf", "../journald@asgi-shop.conf.d/zz.conf", f"{JOURNALD}.d/own.conf")
    assert host.asked == [["daemon_reload"], ["try-restart", JOURNALD]]


def test_a_journal_that_did_not_read_its_settings_is_still_pending(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_words: str) -> None:
        raise DeployError("systemctl try-restart failed")

    settings = "../journald@asgi-shop.conf"
    with monkeypatch.context() as patch:
        patch.setattr(systemd, "change", fails)
        assert host.act(settings)["msg"] == "systemctl try-restart failed"
    assert host.act(settings, check_mode=True)["diff"][0]["after"] == "systemd has read it\n"
    host.asked.clear()
    host.act(settings)
    assert ["try-restart", JOURNALD] in host.asked
    assert not host.act(settings)["changed"]


def test_users_are_there_before_files(host: Host) -> None:
    user = {"name": "asgi-no-such", "comment": "Application no-such"}
    seen = host.act(TIMER, users=[user, {"name": "daemon"}], check_mode=True)
    assert (seen["changed"], seen["users"], host.asked) == (True, ["asgi-no-such"], [])
    assert {"before": "", "after": "user asgi-no-such\n"} in seen["diff"]
    host.act(TIMER, users=[user])
    assert host.asked == [["make", "asgi-no-such"], ["daemon_reload"]]


def test_users_are_as_they_were_made(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here root, who has a shell."""
    monkeypatch.setattr(users, "restore", lambda name: host.asked.append(["restore", name]))
    root = {"name": "root"}
    seen = host.act(TIMER, users=[root], check_mode=True)
    assert (seen["changed"], seen["users"], host.asked) == (True, ["root"], [])
    assert {"before": f"{users.alteration('root')}\n", "after": "user root\n"} in seen["diff"]
    host.act(TIMER, users=[root])
    assert host.asked == [["restore", "root"], ["daemon_reload"]]


def test_a_service_is_not_reloaded_for_files_that_it_does_not_read(host: Host, tmp_path: Path) -> None:
    host.up = {NGINX}
    seen = host.units / "seen"
    other = {"path": str(tmp_path / "unread"), "content": "x", **MINE}
    more: dict[str, Any] = {"reload": NGINX, "validate": ["touch", str(seen)]}
    assert host.act("site.conf", unread=[other], **more)["paths"] == [str(host.units / "site.conf"), other["path"]]
    assert host.asked == [["reload or start", NGINX], ["daemon_reload"]] and seen.exists()
    host.asked.clear()
    seen.unlink()
    result = host.act("site.conf", unread=[{**other, "content": "y"}], **more)
    assert (result["paths"], host.asked, seen.exists()) == ([other["path"]], [], False)
    (tmp_path / "pending").mkdir(exist_ok=True)
    (tmp_path / "pending" / NGINX).touch()  # a run before was killed: it does not go by its files yet
    assert host.act("site.conf", unread=[{**other, "content": "y"}], **more)["changed"]
    assert host.asked == [["reload or start", NGINX]] and seen.exists()
