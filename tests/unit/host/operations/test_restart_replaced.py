"""What is restarted after an upgrade, in which order, and what keeps it from that."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations import restart_replaced
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.replaced_libraries import decide_restart_time
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.replaced_files import ReplacedFiles
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

REPLACED = ReplacedFiles(("/usr/lib/libssl.so.3",))
HOLDS = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(); time.sleep(60)"


@pytest.mark.parametrize(
    ("timer", "hook", "mode", "at"),
    [
        ("[Timer]\nOnCalendar=*-*-* 04:00:00\n", False, "window", "04:00"),
        ("[Timer]\nOnCalendar=*-*-* 23:30:00\n", True, "now", "23:30"),
        ("", False, "never", None),
        ("", True, "never", None),  # the hook without what it starts
        ("# OnCalendar=*-*-* 04:00:00\n", False, "never", None),
    ],
)
def test_the_files_of_a_host_say_when_it_restarts(timer: str, hook: bool, mode: str, at: str | None) -> None:
    assert decide_restart_time(timer, hook) == {"mode": mode, "at": at}


class HostOf:
    """A host whose applications and nginx run replaced files until they are restarted."""

    def __init__(self, *pending: str, fail: tuple[str, ...] = (), again: tuple[str, ...] = ()) -> None:
        self.pending, self.fail, self.again = list(pending), fail, again
        self.done: list[str] = []

    def restart(self, name: str) -> None:
        self.done.append(name)
        if name in self.fail:
            raise DeployError(f"{name}: does not serve")
        if name not in self.again:
            self.pending.remove(name)


@pytest.fixture(name="restarts")
def on_a_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[HostOf], list[str]]:
    def restart_all(host: HostOf) -> list[str]:
        for attribute, value in {
            "describe_all": lambda: list(host.pending),
            "restart_application": lambda app: host.restart(app.app),
            "replace_nginx": lambda: host.restart("nginx"),
            "wait_for_upgrades": lambda: None,
            "SHUTDOWN": tmp_path / "scheduled",
        }.items():
            monkeypatch.setattr(restart_replaced, attribute, value)
        return restart_replaced.restart_all()

    return restart_all


def test_nginx_comes_first(restarts: Callable[[HostOf], list[str]]) -> None:
    """So that WebSockets of the former one end with the applications."""
    host = HostOf("shop", "nginx", "blog")
    assert restarts(host) == []
    assert host.done == ["nginx", "blog", "shop"]


def test_nothing_is_done_where_nothing_was_replaced(restarts: Callable[[HostOf], list[str]]) -> None:
    host = HostOf()
    assert restarts(host) == [] and host.done == []


def test_no_application_follows_one_that_does_not_serve_again(restarts: Callable[[HostOf], list[str]]) -> None:
    host = HostOf("blog", "shop", "nginx", fail=("blog",))
    assert restarts(host) == ["blog: does not serve"]
    assert host.done == ["nginx", "blog"]


def test_an_nginx_that_cannot_be_replaced_keeps_no_application_from_it(restarts: Callable[[HostOf], list[str]]) -> None:
    host = HostOf("shop", "nginx", fail=("nginx",))
    assert restarts(host) == ["nginx: does not serve"]
    assert host.done == ["nginx", "shop"]


def test_nothing_is_restarted_twice(restarts: Callable[[HostOf], list[str]]) -> None:
    host = HostOf("shop", "nginx", again=("shop", "nginx"))
    assert restarts(host) == []
    assert host.done == ["nginx", "shop"]


def test_what_another_upgrade_replaces_is_restarted_as_well(
    restarts: Callable[[HostOf], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = HostOf("shop")
    finish = host.restart

    def restart(name: str) -> None:
        finish(name)
        if name == "shop":
            host.pending.append("blog")

    monkeypatch.setattr(host, "restart", restart)
    assert restarts(host) == []
    assert host.done == ["shop", "blog"]


def test_nothing_is_restarted_just_before_the_host_is(restarts: Callable[[HostOf], list[str]], tmp_path: Path) -> None:
    (tmp_path / "scheduled").touch()
    host = HostOf("shop", "nginx")
    assert restarts(host) == [] and host.done == []


def test_a_release_that_another_run_has_put_live_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(restart_replaced, "replaced_in", lambda _apps: {})
    monkeypatch.setattr(restart_replaced, "restart_live", lambda *_: pytest.fail("it was restarted"))
    app = Layout("shop", root=tmp_path)  # type: ignore[arg-type]
    assert restart_replaced.restart_application(app) is False


def test_a_paused_application_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(app: Layout, _release: str) -> None:
        raise DeployError(f"{app.app}: release v1 is paused")

    monkeypatch.setattr(restart_replaced, "replaced_in", lambda apps: {app.app: REPLACED for app in apps})
    monkeypatch.setattr(restart_replaced, "restart_live", lambda *_: pytest.fail("it was restarted"))
    monkeypatch.setattr(restart_replaced, "refuse_held", refuse)
    monkeypatch.setattr(Store, "live", lambda _store: "v1")
    assert restart_replaced.restart_application(Layout("shop", root=tmp_path)) is False  # type: ignore[arg-type]


def test_nginx_waits_for_a_run_and_holds_no_lock_until_then(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shop, blog = (Layout(name, root=tmp_path) for name in ("shop", "blog"))  # type: ignore[arg-type]
    program = tmp_path / "replace-nginx"
    program.write_text("#!/bin/sh\ntouch $0.done\n")
    program.chmod(0o755)
    monkeypatch.setattr(restart_replaced, "applications", lambda: [blog, shop])
    monkeypatch.setattr(restart_replaced, "REPLACE_NGINX", program)
    monkeypatch.setattr(restart_replaced, "is_pending", lambda _unit: False)
    with Store(shop).lock(0, "a release"):
        with pytest.raises(DeployError, match="shop: another run on this host holds the lock: a release"):
            restart_replaced.replace_nginx(0)
        with Store(blog).lock(0, "another release"):
            assert not Path(f"{program}.done").exists()
    restart_replaced.replace_nginx(0)
    assert Path(f"{program}.done").exists()


def test_an_upgrade_at_work_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    monkeypatch.setattr(restart_replaced, "DPKG_LOCKS", (tmp_path / "none", lock))
    lock.touch()
    restart_replaced.wait_for_upgrades(0)
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(lock)], stdout=subprocess.PIPE) as dpkg:
        assert dpkg.stdout and dpkg.stdout.readline()
        with pytest.raises(DeployError, match="an upgrade of packages has not ended after 0 s"):
            restart_replaced.wait_for_upgrades(0)
        dpkg.kill()
    restart_replaced.wait_for_upgrades(0)
