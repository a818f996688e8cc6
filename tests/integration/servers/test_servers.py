"""Every kind of server on one host: what each is asked for and logs, and its releases and restarts under traffic."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests import ROOT
from tests.clients import http2
from tests.integration.conftest import Web, web
from tests.integration.hosts import APPS, HOSTS, Run, playbook
from tests.integration.release.test_releases import STEADY, traffic
from tests.traffic.exchange import verify_message

INVENTORY = ROOT / "molecule" / "servers" / "inventory.yml"
NAMES = ["gunicorn", "gunicorn-asgi", "uvicorn", "uvicorn-workers", "sync", "gthread"]
WSGI = {"sync", "gthread"}
MAIN = {
    "gunicorn": "gunicorn: master [gunicorn]",
    "gunicorn-asgi": "gunicorn: master [gunicorn-asgi]",
    "uvicorn": "uvicorn",
    "uvicorn-workers": "uvicorn-workers",
    "sync": "gunicorn: master [sync]",
    "gthread": "gunicorn: master [gthread]",
}


@pytest.fixture(params=NAMES)
def site(request: pytest.FixtureRequest) -> Web:
    """Return each application in turn."""
    return web(APPS, request.param, request.param)


@pytest.fixture
def sites() -> list[Web]:
    return [web(APPS, name, name) for name in NAMES]


def servers(*arguments: str, name: str = "site") -> Run:
    return playbook(*arguments, name=name, inventories=(HOSTS, INVENTORY))


# Few at a time: six applications share two cores.
FEW = {"get": 1, "new": 1, "post": 1, "pause": 0.4}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line]


def test_what_serves(site: Web) -> None:
    """Under its name, as the application's own user."""
    assert site.version()["version"] == "1.0.0"
    main = site.host.run(f"systemctl show -p MainPID --value asgi-{site.app}@{site.live()}.service").stdout.strip()
    title = site.host.run(f"tr -d '\\0' </proc/{main}/cmdline").stdout
    assert title == MAIN[site.app]
    owners = site.host.run(f"ps --no-headers -o user:32= --pid {main} --ppid {main}").stdout.split()
    assert set(owners) == {f"asgi-{site.app}"}


def test_visitor_is_seen_as_nginx_sees_it(site: Web) -> None:
    answer = site.get("/headers", headers={"X-Forwarded-For": "192.0.2.1", "X-ASGI-Probe": "1"})
    assert answer.json()["scheme"] == "https"
    assert answer.json()["client"].startswith("198.18.")
    assert not {"x-asgi-release", "x-asgi-worker"} & set(answer.headers)


def test_one_id_finds_the_lines_of_nginx_and_application(site: Web) -> None:
    request = f"tests-{site.app}-{time.time_ns()}"
    answer = site.get("/version", headers={"X-Request-ID": request, "User-Agent": 'a "quoted" agent'})
    assert answer.headers["X-Request-ID"] == request
    (nginx,) = lines(site.eventually(f"grep {request} /var/log/nginx/asgi/{site.app}.access.log"))
    assert (nginx["method"], nginx["uri"], nginx["status"]) == ("GET", "/version", 200)
    assert (nginx["release"], nginx["agent"]) == (site.live(), 'a "quoted" agent')
    journal = f"journalctl --namespace=+asgi-{site.app} --output=cat --identifier={site.app} --since=-2min"
    (own,) = lines(site.eventually(f"{journal} | grep {request}"))
    assert (own["request_id"], own["logger"], own["path"], own["status"]) == (request, "asgi.access", "/version", 200)
    assert (own["service"], own["release"], own["client"]) == (site.app, site.live(), nginx["client"])
    # No line of server or application is anything but JSON.
    assert all("level" in line for line in lines(site.host.run(f"{journal} | tail -n 50").stdout))


@pytest.mark.parametrize("claimed", ["short", "x" * 129, "0a1b2c3d 4", '0a1b2c3d"}'])
def test_id_that_is_none_is_replaced(sites: list[Web], claimed: str) -> None:
    answer = sites[0].get("/version", headers={"X-Request-ID": claimed})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_liveness(site: Web) -> None:
    assert site.get("/alive").json() == {"status": "alive"}


def test_metrics_are_only_for_the_host(site: Web) -> None:
    asked = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9180/{}').read().decode())"
    actual = site.host.run(f'python3 -c "{asked.format(site.app)}"').stdout
    (count,) = re.findall(r'^asgi_requests_total\{method="GET",status="200"\} ([0-9.]+)$', actual, re.MULTILINE)
    assert float(count) >= 3
    assert site.get("/metrics").status_code == 404
    listening = site.host.run("ss --listening --numeric --tcp --no-header 'sport = 9180'").stdout.split()
    assert {word for word in listening if word.endswith(":9180")} == {"127.0.0.1:9180"}
    with pytest.raises((ConnectionRefusedError, TimeoutError)):  # the firewall answers nothing
        socket.create_connection((site.host.address, 9180), timeout=2)


def test_backlog(sites: list[Web]) -> None:
    gunicorn = sites[0]
    unit = f"asgi-gunicorn@{gunicorn.live()}.socket"
    assert gunicorn.host.run(f"systemctl show -p Backlog --value {unit}").stdout.strip() == "512"
    rows = [line.split() for line in gunicorn.host.run("ss -xlH").stdout.splitlines()]
    backlogs = {row[4]: row[3] for row in rows if len(row) > 4}
    assert backlogs[f"/srv/asgi/gunicorn/releases/{gunicorn.live()}/app.sock"] == "512"


def test_application_below_a_path(sites: list[Web]) -> None:
    """It is asked for the path that a visitor asks for, and sees what comes below."""
    gthread = sites[-1]
    assert gthread.get("/till/version").json()["version"] == gthread.version()["version"]
    assert gthread.get("/tillage/version").status_code == 404


def test_logs_of_nginx_are_rotated(sites: list[Web]) -> None:
    first = sites[0]
    first.host.run("systemctl start asgi-logs.service")
    first.host.run("logrotate --force --state=/tmp/rotated /etc/asgi-deploy/logrotate.conf")
    first.eventually("! find /proc/[0-9]*/fd -lname '*/gunicorn.access.log.1' 2>/dev/null | grep -q .")
    request = f"rotated-{time.time_ns()}"
    first.get("/version", headers={"X-Request-ID": request})
    first.eventually(f"grep -q {request} /var/log/nginx/asgi/gunicorn.access.log")
    assert request not in first.host.run("cat /var/log/nginx/asgi/gunicorn.access.log.1").stdout
    mode = first.host.run("stat -c %a:%U:%G /var/log/nginx/asgi/gunicorn.access.log").stdout.strip()
    assert mode == "640:www-data:adm"


def test_a_connection_has_no_last_request(sites: list[Web]) -> None:
    """Over HTTP/2 those under way at it would be lost. These are answered by nginx itself."""
    site, count = sites[0], 12_000
    assert http2.answered(site.domain, site.host.address, site.ca, "/a/../b", count) == count


def test_certificates_that_change_in_one_run_are_one_reload(sites: list[Web]) -> None:
    """And one that nginx does not serve is none."""
    host, since = sites[0].host, sites[0].host.run("date +%s").stdout.strip()
    reloads = f"journalctl --unit=nginx.service --since=@{since} --output=cat | grep -c '^Reloaded' || true"
    files = [f"/etc/asgi-deploy/tls/{site.app}/combined.pem" for site in sites[:3]]
    host.run("echo | tee -a " + " ".join(files))
    host.run("systemctl start asgi-certificates.service", timeout=120)
    assert host.run(f"tail -qn1 {' '.join(files)} | grep -c .").stdout.strip() == "3", "put right"
    assert host.run(reloads).stdout.strip() == "1"
    host.run("systemctl start asgi-certificates.service", timeout=120)
    served = host.run("readlink -f /var/lib/asgi-deploy/certbot/live/gunicorn").stdout.strip()
    hook = "/var/lib/asgi-deploy/certbot/renewal-hooks/deploy/asgi-deploy"
    host.run(f"RENEWED_LINEAGE=/var/lib/asgi-deploy/certbot/live/another-name {hook}; RENEWED_LINEAGE={served} {hook}")
    assert host.run(reloads).stdout.strip() == "1"


def test_a_restart_waits_for_websockets_and_visitors_wait_for_none(sites: list[Web]) -> None:
    site = sites[0]
    unit = f"asgi-{site.app}@{site.live()}.service"
    began = "systemctl show --property=MainPID,ActiveState --value " + unit
    before = site.host.run(began).stdout.split()
    context = ssl.create_default_context(cafile=str(site.ca))
    raw = socket.create_connection((site.host.address, 443), timeout=60)
    where: dict[str, Any] = {"sock": raw, "ssl": context, "server_hostname": site.domain}
    with connect(f"wss://{site.domain}/ws", **where) as websocket:
        verify_message_of(websocket, "before")
        site.host.run(f"systemctl restart --no-block {unit}")
        site.eventually(f"{began} | grep -q deactivating")
        assert site.version()["version"] == "1.0.0"
        verify_message_of(websocket, "still there")
    site.eventually(f"test \"$({began} | xargs)\" != '{' '.join(before)}' && {began} | grep -qx active")
    assert site.version()["version"] == "1.0.0"


def verify_message_of(websocket: ClientConnection, text: str) -> None:
    websocket.send(text)
    verify_message(text, websocket.recv(60))


def test_a_websocket_that_is_silent_stays_open(sites: list[Web]) -> None:
    """For twice as long as nginx waits for a sign of life at its path. WSGI has none."""
    with ExitStack() as stack:
        websockets = [stack.enter_context(websocket_to(site)) for site in sites[:4]]
        time.sleep(6)
        for site, websocket in zip(sites, websockets, strict=False):
            verify_message_of(websocket, site.app)


@contextmanager
def websocket_to(site: Web) -> Iterator[ClientConnection]:
    context = ssl.create_default_context(cafile=str(site.ca))
    raw = socket.create_connection((site.host.address, 443), timeout=60)
    # It sends no pings of its own.
    where: dict[str, Any] = {"sock": raw, "ssl": context, "server_hostname": site.domain, "ping_interval": None}
    with connect(f"wss://{site.domain}/ws", **where) as websocket:
        yield websocket


@pytest.mark.parametrize(
    ("size", "status"), [pytest.param(15_000, 200, id="fits"), pytest.param(17_000, 400, id="too large")]
)
def test_headers_may_be_as_large_as_those_of_answers(site: Web, size: int, status: int) -> None:
    answer = site.get("/headers", headers={"Cookie": f"session={'x' * size}", "X-Large": "y" * 15_000})
    assert answer.status_code == status
    if status == 200:
        assert f"session={'x' * size}" in answer.text
    assert site.get(f"/headers?query={'z' * size}").status_code == (200 if status == 200 else 414)


PINNED = """
import importlib.metadata, json
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    found = {name: importlib.metadata.version(name) for name in ("uvicorn", "python-json-logger")}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})
"""


def test_versions_of_its_own_serve_an_application(sites: list[Web], tmp_path: Path) -> None:
    """One that is too old is refused before anything is built."""
    site = sites[3]
    before = site.live()
    (tmp_path / "main.py").write_text(PINNED, encoding="utf-8")
    entry = {
        "name": site.app,
        "domains": [site.domain],
        "directory": str(tmp_path),
        "module": "main:app",
        "server": "uvicorn",
        "workers": 2,
        "watch": {"seconds": 1},
    }
    pins = tmp_path / "requirements.txt"
    environments = f"ls /srv/asgi/{site.app}/venvs"
    built = site.host.run(environments).stdout
    pins.write_text("# of the application\nuvicorn==0.29.0\n", encoding="utf-8")
    run = servers("--extra-vars=" + json.dumps({"asgi_apps": [entry]}))
    assert run.status != 0
    assert "line 2 of requirements.txt of " in " ".join(run.output.split())
    assert "has uvicorn==0.29.0, with which server: uvicorn does not work; expected uvicorn>=0.30.0" in " ".join(
        run.output.split()
    )
    assert (site.live(), site.host.run(environments).stdout) == (before, built)
    pins.write_text("uvicorn==0.34.3\npython-json-logger==2.0.7\npython-socketio==5.11.4\n", encoding="utf-8")
    run = servers("--extra-vars=" + json.dumps({"asgi_apps": [entry]})).ok()
    in_memory = f"{site.app}: python-socketio keeps state of visitors in the memory of a worker, and there are 2"
    assert in_memory in " ".join(run.output.split())
    plan = servers("--extra-vars=" + json.dumps({"asgi_apps": [entry]}), name="plan").ok()
    assert in_memory in " ".join(plan.output.split())
    assert site.get().json() == {"uvicorn": "0.34.3", "python-json-logger": "2.0.7"}
    servers(f"--extra-vars=asgi_app={site.app}", name="rollback").ok()
    assert site.live() == before


def test_restarts_lose_no_request(site: Web) -> None:
    """A WebSocket that comes after the word to end ends with its server; all the rest waits in systemd's socket."""
    with traffic([site], **STEADY | {"websocket": 0}):
        for _ in range(2):
            site.host.run(f"systemctl restart asgi-{site.app}@{site.live()}.service")
            time.sleep(2)


def test_releases_and_the_way_back_lose_no_request(sites: list[Web]) -> None:
    before = {site.app: site.live() for site in sites}
    asgi, wsgi = sites[:4], sites[4:]
    with traffic(asgi, **FEW), traffic(wsgi, **FEW, websocket=0):  # which WSGI has not
        servers("--extra-vars=shop_version=v1.1.0").ok()
    for site in sites:
        site.drained()
    assert {site.version()["version"] for site in sites} == {"1.1.0"}
    with traffic(asgi, **FEW), traffic(wsgi, **FEW, websocket=0):
        servers(name="rollback").ok()
    assert {site.app: site.live() for site in sites} == before
    for site in sites:
        site.drained()
    assert {site.version()["version"] for site in sites} == {"1.0.0"}


def test_a_broken_release_gets_no_traffic(sites: list[Web]) -> None:
    """Each server says why, at once, and in the application's own words."""
    common = {
        "version": "v1.2.0",
        "module": "shop.main:app",
        "gate": {"path": "/ready", "timeout": 240},
        "workers": 2,
        "health": {"metrics": "/metrics"},
    }
    for site in sites[1:5]:
        wsgi = site.app in WSGI
        entry = {
            **common,
            "name": site.app,
            "domains": [site.domain],
            "git": "{{ wsgi_repository }}" if wsgi else "{{ shop_repository }}",
            "server": "gunicorn-wsgi" if wsgi else site.app.removesuffix("-workers"),
        }
        before = site.live()
        run = servers("--extra-vars=" + json.dumps({"asgi_apps": [entry]}))
        assert run.status != 0
        assert 'raise RuntimeError("this version is broken on purpose")' in run.output
        attempt = site.audit()[-1]
        assert attempt["ended"] - attempt["started"] < 240, "the gate waited for what had ended"
        assert site.live() == before == site.version()["release"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param(
            {"settings": {"bind": "0.0.0.0:8000"}},
            "asgi_apps[0] (shop).settings.bind: is no setting of a release: the listener is systemd's, "
            "and only for nginx; leave it out, or write proxy: none to serve without nginx",
            id="bind",
        ),
        pytest.param(
            {"settings": {"worker_connections": 1000}},
            "asgi_apps[0] (shop).settings.worker_connections: found 1000, which server: gunicorn does not take: its "
            "uvicorn worker does not read it",
            id="worker_connections",
        ),
        pytest.param(
            {"server": "uvicorn", "settings": {"hooks": {"post_fork": "shop.hooks:post_fork"}}},
            "asgi_apps[0] (shop).settings.hooks.post_fork: found 'shop.hooks:post_fork', which server: uvicorn does "
            "not take: uvicorn has no hooks; use the application's lifespan, or server: gunicorn",
            id="hook",
        ),
    ],
)
def test_settings_are_refused_before_the_host_is_touched(options: dict[str, Any], text: str) -> None:
    entry = {"name": "shop", "git": "/x", "module": "shop.main:app", "domains": ["shop.example.com"], **options}
    run = servers("--extra-vars=" + json.dumps({"asgi_apps": [entry]}))
    assert run.status != 0
    assert text in " ".join(run.output.split()), run.output
    assert run.counts(APPS)["ok"] == 0
