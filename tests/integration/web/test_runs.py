"""Runs with other options: what is refused, what a mistake does to a site that serves, and a balancer in front."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.hosts import DOMAIN, HELPER, HOSTS, LAB, PATHS, Run, only, playbook
from tests.integration.refused import INVENTORY, refusal
from tests.integration.web.conftest import Site, run

WRONG = """\
    nginx_proxy_protocol: true
    nginx_health_path: up
    nginx_snippet: "}"
    nginx_tls: old
"""
WRONG_SITE = """\
        site:
          rate: 5
          redirect_from: [shop]
          headers: {X-A: "a\\nb"}
          users: {ops: secret}
          snippet: "location / {"
          paths:
            /a: {alow: []}
            b: {}
"""
MESSAGES = [
    "nginx_trusted_proxies: is missing; with nginx_proxy_protocol expected the balancers' addresses",
    "nginx_health_path: found 'up', expected a path without a slash at its end",
    "nginx_snippet: ends a block that it has not begun",
    "nginx_tls: found 'old', expected one of intermediate, modern",
    "asgi_apps[0] (shop).site.rate: found '5', expected requests per second or minute, as in 100/s or 5/m, or none",
    "asgi_apps[0] (shop).site.redirect_from: found 'shop', expected a host name",
    "asgi_apps[0] (shop).site.headers: X-A expects one line of text",
    "asgi_apps[0] (shop).site.users: ops expects a password of 8 to 128 characters, without control",
    "asgi_apps[0] (shop).site.snippet: begins a block that it does not end",
    "asgi_apps[0] (shop).site.paths./a.alow: is not an option; did you mean allow?",
    "asgi_apps[0] (shop).site.paths: found 'b', expected a path of a URL",
]

BETA = "map $arg_beta $web_beta { default other; }"  # which the application's own snippet needs


@pytest.fixture(scope="module")
def afterwards(site: Site) -> Iterator[None]:
    """Put everything back as the inventory has it."""
    yield
    site.host.run("rm -f /etc/nginx/sites-enabled/foreign")
    run().ok()


def test_says_what_is_wrong(tmp_path: Path) -> None:
    output = refusal(tmp_path, INVENTORY.replace("    asgi_apps:\n", f"{WRONG}    asgi_apps:\n") + WRONG_SITE)
    assert [message for message in MESSAGES if message not in output] == [], output
    assert "secret" not in output


def test_http_3_on_debian_12(tmp_path: Path) -> None:
    if LAB.host(PATHS).release != "bookworm":
        pytest.skip("no host runs Debian 12")
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(f"asgi: {{hosts: {{{PATHS}: }}, vars: {{certificate_email: ops@example.com}}}}\n")
    extra = ("--extra-vars=nginx_http3=true", "--extra-vars", only(f"paths.{DOMAIN}"))
    done = playbook(*extra, inventories=(HOSTS, inventory))
    assert done.status != 0
    assert "nginx_http3: Debian 12 has an nginx without HTTP/3; leave it out there" in done.output
    assert done.counts(PATHS)["changed"] == 0


@pytest.mark.usefixtures("afterwards")
def test_a_foreign_site_and_a_snippet_that_nginx_refuses(site: Site) -> None:
    foreign = "server { listen 8088; location / { return 200 foreign; } }"
    site.host.run(f"printf '%s' '{foreign}' > /etc/nginx/sites-enabled/foreign")
    before = site.host.run("nginx -T 2>/dev/null | sha256sum").stdout
    done = _with(nginx_snippet="no_such_directive on;")
    assert done.status != 0
    assert 'unknown directive "no_such_directive" in /etc/nginx/nginx.conf:' in done.output
    assert "restored as it was: /etc/nginx/nginx.conf" in done.output
    assert site.host.run("nginx -T 2>/dev/null | sha256sum").stdout == before
    assert site.get("/version").status_code == 200
    _with(nginx_snippet=BETA).ok()
    assert site.get("/snippet").text == "other\n"
    assert httpx.get(f"http://{site.host.address}:8088/", trust_env=False).text == "foreign"


@pytest.mark.usefixtures("afterwards")
def test_a_port_that_another_program_holds(site: Site) -> None:
    """`nginx -t` finds nothing wrong with it, and nginx goes on with what it has."""
    site.host.run("systemd-run --quiet --unit=holder python3 -m http.server 8089")
    site.eventually("ss -ltn | grep -q ':8089 '")
    snippet = f"{BETA} server {{ listen 8089; location / {{ return 200 ours; }} }}"
    before = site.host.run("nginx -T 2>/dev/null | sha256sum").stdout
    try:
        done = _with(nginx_snippet=snippet)
    finally:
        site.host.run("systemctl stop holder.service")
    assert done.status != 0
    assert "nginx.service does not take it; restored as it was: /etc/nginx/nginx.conf" in done.output, done.output
    assert "bind() to 0.0.0.0:8089 failed (98: Address already in use)" in done.output
    assert site.host.run("nginx -T 2>/dev/null | sha256sum").stdout == before
    assert site.get("/version").status_code == 200
    _with(nginx_snippet=snippet).ok()
    fetch = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8089/').read().decode())"
    assert site.host.run(f'python3 -c "{fetch}"').stdout == "ours\n"


@pytest.mark.usefixtures("afterwards")
def test_behind_a_balancer(site: Site) -> None:
    claimed = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}
    _with(nginx_trusted_proxies=["198.18.0.1"]).ok()
    assert site.get("/headers", headers=claimed).json()["client"] == "192.0.2.7"
    # The balancer has ended TLS, and asks by HTTP for a visitor of HTTPS.
    secure = "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7\r\n"
    actual = json.loads(_plainly(site, "/headers", secure).partition(b"\r\n\r\n")[2])
    assert actual["url"] == f"https://{site.domain}/headers"
    redirect = f"Location: https://{site.domain}/headers\r\n".encode()
    assert redirect in _plainly(site, "/headers", "X-Forwarded-Proto: http\r\n")
    assert b" 404 " in _plainly(site, "/.well-known/acme-challenge/none", "")[:20]
    headers = {"Host": site.domain, "X-Forwarded-Proto": "https"}
    ask = (
        f"import http.client as h; c = h.HTTPConnection('{site.host.address}'); "
        f"c.request('GET', '/headers', headers={headers}); print(c.getresponse().status)"
    )
    assert LAB.host(HELPER).run(f'python3 -c "{ask}"').stdout == "301\n", "no one else is believed"
    _with(nginx_trusted_proxies=["198.18.0.1"], nginx_proxy_protocol=True, nginx_http3=False).ok()
    with pytest.raises(httpx.TransportError):
        site.get("/headers")
    site.host.run("systemctl start asgi-certificates.service", timeout=300)  # what checks what is served
    with socket.create_connection((site.host.address, 443), timeout=5) as plain:
        plain.sendall(b"PROXY TCP4 192.0.2.9 198.18.0.24 40000 443\r\n")
        context = ssl.create_default_context(cafile=str(site.ca))
        connection = context.wrap_socket(plain, server_hostname=site.domain)
        asked = f"GET /headers HTTP/1.1\r\nHost: {site.domain}\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n"
        connection.sendall(asked.encode())
        actual = b""
        while part := connection.recv(65536):
            actual += part
    assert json.loads(actual.partition(b"\r\n\r\n")[2])["client"] == "192.0.2.9"


def _plainly(site: Site, path: str, headers: str) -> bytes:
    """Return what is answered without TLS."""
    sent = f"GET {path} HTTP/1.1\r\nHost: {site.domain}\r\n{headers}Connection: close\r\n\r\n"
    return site.raw(sent.encode(), port=80)


def _with(**variables: object) -> Run:
    return run(f"--extra-vars={json.dumps(variables)}")
