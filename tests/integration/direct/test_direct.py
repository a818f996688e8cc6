"""An application without nginx: TLS of its own, and releases that lose no request."""

from __future__ import annotations

import shlex
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import ROOT
from tests.clients import https
from tests.integration import pki
from tests.integration.cloud import ask_by_tcp, came_of, wait_for_metadata_service
from tests.integration.conftest import ASK, Web, web
from tests.integration.hosts import DIRECT, HOSTS, PKI, Run, playbook
from tests.integration.release.test_releases import traffic

INVENTORY = ROOT / "molecule" / "direct" / "inventory.yml"
METRICS = """\
import ssl, urllib.request as u
context = ssl._create_unverified_context()
print(u.urlopen('https://localhost/metrics', context=context).read().decode())
"""
READY = """\
cd /srv/asgi/open
while [ $(readlink current) = releases/{first} ]; do sleep 0.05; done
sleep 0.5
for release in releases/{first} current; do python3 -c {ask} $release/app.sock /ready; done
"""
UNCLEAR = "Content-Length: 4\r\nTransfer-Encoding: chunked"
VISITORS = {"http2": 0, "new": 3}


@pytest.fixture(name="site", scope="module")
def open_site() -> Web:
    return web(DIRECT, "open", "open")


@pytest.fixture(name="closed", scope="module")
def closed_site() -> Web:
    return web(DIRECT, "closed", "closed")


def site_playbook(*arguments: str, name: str = "site") -> Run:
    return playbook(*arguments, name=name, inventories=(HOSTS, INVENTORY))


def handshake(site: Web, port: int, ca: Path, **options: Any) -> tuple[str | None, bytes]:
    """Return the version that is spoken, and the certificate that is shown."""
    context = ssl.create_default_context(cafile=str(ca))
    if "client" in options:
        context.load_cert_chain(PKI / f"{options['client']}.pem", PKI / f"{options['client']}.key")
    context.maximum_version = options.get("newest", ssl.TLSVersion.TLSv1_3)
    raw = socket.create_connection((site.host.address, port), timeout=10)
    with raw, context.wrap_socket(raw, server_hostname=site.domain) as connection:
        connection.sendall(f"GET /version HTTP/1.1\r\nHost: {site.domain}\r\nConnection: close\r\n\r\n".encode())
        answer = connection.recv(12)
        if not answer:  # in TLS 1.3 a visitor's certificate is refused after the handshake
            raise ConnectionResetError
        assert answer == b"HTTP/1.1 200"
        return connection.version(), connection.getpeercert(binary_form=True) or b""


def test_answers_without_nginx(site: Web) -> None:
    answer = site.get("/headers", headers={"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "http"})
    assert answer.json()["scheme"] == "https"
    assert answer.json()["client"].startswith("198.18."), "what a visitor says of itself is not believed"
    assert len(answer.headers["X-Request-ID"]) == 32
    assert not {"x-asgi-release", "x-asgi-worker", "server"} & set(answer.headers)
    assert site.host.run("command -v nginx", check=False).returncode != 0
    assert site.get("/metrics").status_code == 404, "not for visitors"
    assert 'asgi_requests_total{method="GET",status="200"}' in site.host.run(f'python3 -c "{METRICS}"').stdout


def test_no_process_of_root_serves(site: Web) -> None:
    group = site.host.run(f"systemctl show --property=ControlGroup --value asgi-open@{site.live()}.service").stdout
    owners = site.host.run(f"stat -c %U $(sed 's:^:/proc/:' '/sys/fs/cgroup{group.strip()}/cgroup.procs')").stdout
    assert len(owners.split()) > 1
    assert set(owners.split()) == {"asgi-open"}
    assert site.host.run("stat -c %a:%U:%G /etc/asgi-deploy/tls/open/privkey.pem").stdout == "640:root:asgi-open\n"


def sent(site: Web, data: bytes) -> ssl.SSLSocket:
    """Return a connection on which this was sent."""
    context = ssl.create_default_context(cafile=str(site.ca))
    raw = socket.create_connection((site.host.address, 443), timeout=60)
    connection = context.wrap_socket(raw, server_hostname=site.domain)
    connection.sendall(data)
    return connection


def asked(site: Web) -> ssl.SSLSocket:
    """Return a connection on which a request was answered, and that is kept."""
    connection = sent(site, b"")
    assert answered(connection, site)
    return connection


def answered(connection: ssl.SSLSocket, site: Web) -> bool:
    connection.sendall(f"GET /version HTTP/1.1\r\nHost: {site.domain}\r\n\r\n".encode())
    text = b""
    while not text.endswith(b"}"):
        text += (more := connection.recv(4096))
        assert more, text
    return text.startswith(b"HTTP/1.1 200")


def test_a_visitor_holds_no_connection(site: Web) -> None:
    """The server waits for a request as long as nginx would, and not for ever."""
    with sent(site, b"") as silent, sent(site, b"GET / HTTP/1.1\r\nX-A: a") as slow, asked(site) as kept:
        for connection in (silent, slow):
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        assert answered(kept, site), "one that has asked may ask again, for longer than these were waited for"
    assert site.get("/version").status_code == 200


def test_a_head_has_a_size(site: Web) -> None:
    answer = site.get("/", headers={f"X-{number}": "a" * 8000 for number in range(100)})
    assert answer.status_code == 431


@pytest.mark.parametrize("sizes", ["Content-Length: 1\r\nContent-Length: 2", "Content-Length : 1", UNCLEAR])
def test_a_body_has_one_end(site: Web, sizes: str) -> None:
    request = f"POST /echo HTTP/1.1\r\nHost: {site.domain}\r\n{sizes}\r\n\r\n0\r\n\r\n"
    with sent(site, request.encode()) as connection:
        assert connection.recv(12) == b"HTTP/1.1 400"


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "h2c, websocket"])
def test_an_upgrade_takes_no_body_away(site: Web, upgrade: str) -> None:
    lines = ("POST /echo HTTP/1.1", f"Host: {site.domain}", "Connection: upgrade", f"Upgrade: {upgrade}")
    with sent(site, "\r\n".join((*lines, "Content-Length: 4", "", "body")).encode()) as connection:
        assert connection.recv(12) == b"HTTP/1.1 400"


def test_a_release_and_the_way_back_lose_no_request(site: Web) -> None:
    first = site.live()
    site.host.run("systemd-run --quiet --wait --unit=anothers false", check=False)
    with traffic([site], **VISITORS), asked(site) as idle:
        with ThreadPoolExecutor() as pool:  # from the rename on, while it is watched, too
            ready = pool.submit(site.host.run, READY.format(first=first, ask=shlex.quote(ASK)))
            site_playbook("--extra-vars=shop_version=v1.1.0").ok()
            assert ready.result().stdout.split() == ["503", "200"], "of the release before, and of the live one"
        site.drained()  # sooner than unused connections are closed otherwise
        assert idle.recv(1) == b""
        assert site.version()["version"] == "1.1.0"
        site_playbook("--extra-vars=asgi_app=open", name="rollback").ok()
        site.drained()
        assert site.version()["release"] == first == site.live()
    units = site.host.run("systemctl list-units --plain --no-legend 'asgi-open@*.service'").stdout
    assert [line.split()[0] for line in units.splitlines()] == [f"asgi-open@{first}.service"]
    failed = site.host.run("systemctl is-failed anothers.service; systemctl reset-failed anothers.service").stdout
    assert failed == "failed\n", "what failed on the host is reported further on there"


def test_a_broken_release_gets_no_traffic(site: Web) -> None:
    live = site.live()
    with traffic([site], **VISITORS):
        run = site_playbook("--extra-vars=shop_version=v1.2.0")
    assert run.status != 0
    assert 'raise RuntimeError("this version is broken on purpose")' in run.output
    assert site.live() == live == site.version()["release"]


def test_a_restart_loses_no_request(site: Web) -> None:
    with traffic([site], **VISITORS, websocket=0):
        site.host.run(f"systemctl restart asgi-open@{site.live()}.service")
        time.sleep(2)


def test_an_exclusive_release_and_the_way_back_lose_no_request(site: Web) -> None:
    """The public listener stays while neither release runs."""
    first = site.live()
    with traffic([site], **VISITORS, websocket=0):
        site_playbook("--extra-vars=shop_version=v1.1.0 open_exclusive=true").ok()
        assert site.version()["release"] == site.live() != first
        assert "stopped" in site.audit()[-1]["steps"]
        site_playbook("--extra-vars=open_exclusive=true").ok()
        assert site.version()["release"] == site.live() == first
    running = "systemctl list-units --plain --no-legend --state=active,activating 'asgi-open@*.service'"
    assert site.host.run(running).stdout.split()[0] == f"asgi-open@{first}.service"


def test_a_renewed_certificate_is_served_without_a_restart(site: Web) -> None:
    _, before = handshake(site, 443, site.ca)
    pid = site.host.run(f"systemctl show --property=MainPID --value asgi-open@{site.live()}.service").stdout
    with traffic([site], **VISITORS):
        site.host.run("/opt/asgi/bin/certbot renew --cert-name=open --force-renewal --quiet --no-random-sleep-on-renew")
        deadline = time.monotonic() + 60
        while (after := handshake(site, 443, site.ca)[1]) == before and time.monotonic() < deadline:
            time.sleep(0.2)
    assert after != before
    assert site.host.run(f"systemctl show --property=MainPID --value asgi-open@{site.live()}.service").stdout == pid


def test_a_stop_refuses_connections_and_answers_what_came_before(site: Web) -> None:
    """The certificate is renewed at the same time; the kernel queues no one for what is stopped."""
    live = site.live()
    with ThreadPoolExecutor() as pool:
        held = pool.submit(site.get, "/slow?seconds=15", timeout=60)
        site.eventually("ss -Htn state established 'sport = :443' | grep .")
        stopping = pool.submit(site_playbook, "--extra-vars=asgi_app=open", name="stop")
        site.eventually("test -e /srv/asgi/open/stopped")
        refused = eventually_refused(site)
        assert not held.done(), "while what came before is still being answered"
        assert (refused, held.result().status_code) == (True, 200)
        stopping.result().ok()
    assert listens(site, 443) == ""
    run = site_playbook().ok()
    assert run.counts(DIRECT)["changed"] == 0
    assert "open: stopped since " in run.output and f"asgi.deploy.start starts {live}" in run.output
    before = site.host.run("sha256sum /etc/asgi-deploy/tls/open/fullchain.pem").stdout
    site.host.run("/opt/asgi/bin/certbot renew --cert-name=open --force-renewal --quiet --no-random-sleep-on-renew")
    site.host.run("systemctl start asgi-certificates.service")  # fails where what is served is not what is there
    assert site.host.run("sha256sum /etc/asgi-deploy/tls/open/fullchain.pem").stdout != before
    site_playbook("--extra-vars=asgi_app=open", name="start").ok()
    assert https.wait(site.domain, site.host.address, site.ca, "/version").json()["release"] == live


def eventually_refused(site: Web) -> bool:
    """Return whether a connection is refused within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection((site.host.address, 443), timeout=5):
            time.sleep(0.05)
            continue
        return True
    return False


def test_visitors_show_a_certificate(closed: Web) -> None:
    assert handshake(closed, 8443, PKI / "ca.pem", client="client")[0] == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match="ALERT_CERTIFICATE_REQUIRED"):
        handshake(closed, 8443, PKI / "ca.pem")
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        handshake(closed, 8443, PKI / "ca.pem", client="client", newest=ssl.TLSVersion.TLSv1_2)


def test_a_given_certificate_is_replaced_without_a_release(closed: Web) -> None:
    live, (_, before) = closed.live(), handshake(closed, 8443, PKI / "ca.pem", client="client")
    pki.issue(PKI, "server", closed.domain)
    run = site_playbook("--diff").ok()
    key = (PKI / "server.key").read_text().splitlines()[1]
    assert "a secret" in run.output and key not in run.output, run.output
    deadline = time.monotonic() + 60
    while (after := handshake(closed, 8443, PKI / "ca.pem", client="client")[1]) == before:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert after != before
    assert closed.live() == live


def listens(site: Web, port: int) -> str:
    """Return the program that listens on a port of the host, by ss."""
    return site.host.run(f"ss -Hltn 'sport = :{port}'").stdout


def test_another_port(closed: Web) -> None:
    """One that another program holds is refused, and what served goes on; a free one is served, and the old one not."""
    hold = "import socket, time; s = socket.create_server(('::', 9443), family=socket.AF_INET6); time.sleep(600)"
    closed.host.run(f'systemd-run --quiet --unit=holder python3 -c "{hold}"')
    try:
        closed.eventually("ss -Hltn 'sport = :9443' | grep .")
        refused = site_playbook("--extra-vars=closed_port=9443")
    finally:
        closed.host.run("systemctl stop holder.service")
    assert refused.status != 0
    assert "asgi-closed.public.socket cannot listen; restored as it was: " in refused.output, refused.output
    assert "Failed to listen on sockets" in refused.output, refused.output
    assert handshake(closed, 8443, PKI / "ca.pem", client="client")[0] == "TLSv1.3"
    site_playbook("--extra-vars=closed_port=9443").ok()
    assert handshake(closed, 9443, PKI / "ca.pem", client="client")[0] == "TLSv1.3"
    assert listens(closed, 8443) == ""
    # A run that is cut off after it wrote the units leaves this behind.
    closed.host.run(
        "mkdir -p /var/lib/asgi-deploy/pending && touch /var/lib/asgi-deploy/pending/asgi-closed.public.socket"
    )
    again = site_playbook("--extra-vars=closed_port=9443").ok()
    assert again.counts(DIRECT)["changed"] == 1
    site_playbook().ok()
    assert handshake(closed, 8443, PKI / "ca.pem", client="client")[0] == "TLSv1.3"


def test_comes_back_after_a_reboot(site: Web, closed: Web) -> None:
    site.host.reboot()
    assert https.wait(site.domain, site.host.address, site.ca, "/version").json()["release"] == site.live()
    wait_for_metadata_service(site.host)
    assert came_of(site.host, ask_by_tcp("169.254.169.254"), "asgi-open") == "ConnectionRefusedError"
    assert handshake(closed, 8443, PKI / "ca.pem", client="client")[0] == "TLSv1.3"


def test_is_taken_off_the_host_wholly(site: Web, closed: Web) -> None:
    entry = {
        "git": "/none",
        "module": "shop.main:app",
        "domains": ["x.example.test"],
        "proxy": "none",
        "state": "absent",
    }
    gone = [{**entry, "name": name} for name in ("open", "closed")]
    inventory = HOSTS.parent / "gone.yml"
    inventory.write_text(str({"asgi": {"vars": {"asgi_apps": gone}}}))
    playbook(inventories=(HOSTS, INVENTORY, inventory)).ok()
    tables = "nft list tables | grep asgi_metadata; ls /etc/asgi-deploy/metadata; systemctl is-active 'asgi-metadata*'"
    assert site.host.run(tables, check=False).stdout == ""
    left = "ls -d /srv/asgi/open /etc/systemd/system/asgi-open* /etc/asgi-deploy/tls/* 2>/dev/null; ss -Htln | grep 443"
    assert site.host.run(left, check=False).stdout == ""
    with pytest.raises(httpx.TransportError):  # the firewall has closed the port
        site.get("/version")
    again = playbook(inventories=(HOSTS, INVENTORY, inventory)).ok()
    assert again.counts(DIRECT)["changed"] == 0, again.output
