"""Libraries are upgraded while applications serve, with needrestart in its automatic mode on the host: no request is
lost, neither by the upgrade nor by the restart that follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import Web
from tests.integration.hosts import module, playbook
from tests.integration.release.test_releases import traffic
from tests.integration.web.test_upgrades import NONE_KEPT, upgrade

SERVICE = "asgi-restart.service"
LIBRARIES = "$ssl $python"
# A service that is not ours, which needrestart must restart: it is at work then.
OTHER = """\
[Service]
ExecStart=/usr/bin/python3 -c 'import ssl, time; time.sleep(9999)'
"""
INSTALL = "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qy --no-install-recommends install needrestart"
AUTOMATIC = "/etc/needrestart/conf.d/zz-automatic.conf"
# A visitor who comes during a restart waits; a WebSocket ends with the server.
PATIENT = {"websocket": 0, "timeout": 60}


@pytest.fixture(autouse=True, scope="module")
def needrestart(webs: list[Web]) -> Iterator[None]:
    """Install needrestart in its automatic mode, and start a service that is not ours."""
    playbook().ok()
    for web in webs:
        web.host.run(INSTALL, timeout=300)
        web.host.run(f"echo \"\\$nrconf{{restart}} = 'a';\" >{AUTOMATIC}")
        web.host.run("cat >/run/systemd/system/other.service", stdin=OTHER)
        web.host.run("systemctl daemon-reload && systemctl start other.service")
    yield
    for web in webs:
        web.host.run("systemctl stop other.service; rm /run/systemd/system/other.service; systemctl daemon-reload")
        web.host.run(f"rm {AUTOMATIC}; apt-get -qy purge needrestart", timeout=300)


def mains(web: Web) -> dict[str, str]:
    """Return the main processes of the application, of nginx, and of the service that is not ours."""
    units = [f"asgi-shop@{web.live()}.service", "nginx.service", "other.service"]
    shown = web.host.run(f"systemctl show --property=MainPID --value {' '.join(units)}").stdout.split()
    return dict(zip(("shop", "nginx", "other"), shown, strict=True))


def replaced(web: Web) -> dict[str, Any]:
    result: dict[str, Any] = module(web.host.name, "status", deploys=1)["host"]
    return result


def test_upgrades_restart_nothing_of_ours_and_our_restart_loses_no_request(webs: list[Web]) -> None:
    before = {web.label: mains(web) for web in webs}
    with traffic(webs):
        for web in webs:
            upgrade(web, LIBRARIES)
    for web in webs:
        after = mains(web)
        assert after["other"] != before[web.label]["other"], "needrestart was not at work"
        assert (after["shop"], after["nginx"]) == (before[web.label]["shop"], before[web.label]["nginx"])
        host = replaced(web)
        assert host["restart"] == {"mode": "window", "at": "04:00"}
        assert {"shop", "nginx"} <= host["replaced"].keys()
        assert any("/libssl.so.3" in path for path in host["replaced"]["nginx"]["files"])
        assert any("/python3" in path for path in host["replaced"]["shop"]["files"])
    for name in ("status", "plan"):
        shown = playbook(name=name).ok().output
        for web in webs:
            (line,) = [line for line in shown.splitlines() if f"{web.label}: " in line and " shop: libraries" in line]
            assert line.endswith(", restart at 04:00"), line
    with traffic(webs, **PATIENT | NONE_KEPT):
        for web in webs:
            # A run is at work: the restart waits for its end.
            web.host.run("systemd-run --quiet --unit=run flock /srv/asgi/shop/.lock sleep 9999")
            web.host.run(f"systemctl start --no-block {SERVICE}")
            web.eventually(f"journalctl --boot --unit={SERVICE} | grep 'waits: shop: another run .* holds the lock'")
            waiting = mains(web)
            assert (waiting["shop"], waiting["nginx"]) == (before[web.label]["shop"], before[web.label]["nginx"])
            web.host.run("systemctl stop run.service")
            web.host.run(f"systemctl start {SERVICE}", timeout=120)
    for web in webs:
        assert replaced(web)["replaced"] == {}
        after = mains(web)
        assert after["shop"] != before[web.label]["shop"] and after["nginx"] != before[web.label]["nginx"]
        assert web.host.run("cat /run/nginx.pid").stdout.strip() == after["nginx"]
        last = web.audit()[-1]
        assert (last["by"], last["restart"], last["result"]) == ("hardening", web.live(), "live")
        # A run finds nothing to do, and nginx takes its next configuration.
        web.host.run("systemctl reload nginx.service")
        assert web.version()["release"] == web.live()


def test_a_new_nginx_takes_over_without_losing_a_request(webs: list[Web]) -> None:
    before = {web.label: mains(web) for web in webs}
    with traffic(webs, **NONE_KEPT):
        for web in webs:
            upgrade(web, "nginx nginx-common")
    for web in webs:
        # The former one ends with its last WebSocket.
        web.eventually("test $(systemctl show --property=MainPID --value nginx.service) = $(cat /run/nginx.pid)")
        after = mains(web)
        assert after["nginx"] != before[web.label]["nginx"] and after["shop"] == before[web.label]["shop"]
        assert "nginx" not in replaced(web)["replaced"]
        web.host.run("systemctl restart nginx.service")  # an administrator still can
        assert web.version()["release"] == web.live()


def test_an_nginx_that_refuses_its_configuration_does_not_take_over(webs: list[Web]) -> None:
    web = webs[0]
    before = mains(web)["nginx"]
    web.host.run('echo "nonsense;" >/etc/nginx/asgi/http.d/broken.conf')
    try:
        failed = web.host.run("/etc/asgi-deploy/replace-nginx replace", check=False)
    finally:
        web.host.run("rm /etc/nginx/asgi/http.d/broken.conf")
    assert failed.returncode == 1 and "unknown directive" in failed.stderr, failed
    assert mains(web)["nginx"] == before
    assert "refuses its configuration" in web.host.run("journalctl --boot --identifier=asgi-deploy").stdout
    assert web.version()["release"] == web.live()


def test_restarts_can_follow_an_upgrade_at_once_or_never(webs: list[Web]) -> None:
    web = webs[0]
    limit = f"--limit={web.host.name}"
    playbook(limit, f"--extra-vars={json.dumps({'hardening_restart': 'now'})}").ok()
    before = mains(web)
    with traffic([web], **PATIENT | NONE_KEPT):
        upgrade(web, LIBRARIES)
        ended = f"systemctl show --property=ActiveState --value {SERVICE} | grep -qx inactive"
        web.eventually(f"{ended} && test $(cat /run/nginx.pid) != {before['nginx']}")
    assert replaced(web)["replaced"] == {}
    assert mains(web)["shop"] != before["shop"]
    playbook(limit, f"--extra-vars={json.dumps({'hardening_restart': 'never'})}").ok()
    assert web.host.run(f"systemctl cat {SERVICE} asgi-restart.timer", check=False).returncode != 0
    assert web.host.run("ls /opt/asgi/lib/hardening /etc/apt/apt.conf.d/61asgi-restart", check=False).returncode == 2
    assert replaced(web)["restart"] == {"mode": "never", "at": None}
    playbook(limit).ok()
    assert playbook(limit).ok().counts(web.host.name)["changed"] == 0
    web.host.run("systemctl is-active asgi-restart.timer")
