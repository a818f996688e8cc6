"""Every option of a site by what a visitor meets."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import ROOT
from tests.clients import http3, https
from tests.integration.hosts import DOMAIN, HELPER, LAB
from tests.integration.tls import mozilla
from tests.integration.web.conftest import Site

HEADERS = {
    "content-security-policy": "default-src 'self'; report-to \"errors\"",
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def test_negotiates_a_post_quantum_group(site: Site) -> None:
    if site.host.release == "bookworm":
        pytest.skip("Debian 12 has an OpenSSL without one")
    done = LAB.host(HELPER).run(
        f"echo | openssl s_client -brief -connect {site.host.address}:443 -servername {site.domain} 2>&1"
    )
    assert "Protocol version: TLSv1.3" in done.stdout
    assert "Negotiated TLS1.3 group: X25519MLKEM768" in done.stdout


def test_modern_tls_is_only_1_3(site: Site) -> None:
    context = ssl.create_default_context(cafile=str(site.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection((site.host.address, 443), timeout=5) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname=site.domain)


def test_tls_is_mozillas_modern(site: Site) -> None:
    mozilla(site, "modern")


def test_speaks_http_1_2_and_3(site: Site) -> None:
    first, second = site.get("/version"), site.get("/version", http2=True)
    assert (first.http_version, second.http_version) == ("HTTP/1.1", "HTTP/2")
    if site.host.release == "bookworm":
        pytest.skip("Debian 12 has an nginx without HTTP/3")
    assert first.headers["alt-svc"] == 'h3=":443"; ma=86400'
    headers, body = http3.get(site.domain, site.host.address, site.ca, "/headers")
    seen = json.loads(body)
    assert (headers[":status"], seen["scheme"], seen["client"]) == ("200", "https", "198.18.0.1")
    assert dict(seen["headers"])["host"] == site.domain


@pytest.mark.parametrize("path", ["/", "/version", "/none", "/old", "/redoc", "/docs", "/snippet", "/health"])
def test_headers_are_everywhere(site: Site, path: str) -> None:
    answer = site.get(path)
    assert {name: answer.headers.get_list(name) for name in HEADERS} == {name: [text] for name, text in HEADERS.items()}
    assert "referrer-policy" not in answer.headers


def test_other_names_lead_to_the_first(site: Site) -> None:
    old = f"old-web.{DOMAIN}"
    secure = https.get(old, site.host.address, site.ca, "/a?b=c")
    plain = httpx.get(f"http://{site.host.address}/a?b=c", headers={"Host": old}, trust_env=False)
    assert [(answer.status_code, answer.headers["location"]) for answer in (secure, plain)] == [
        (301, f"{site.url}/a?b=c")
    ] * 2
    assert secure.headers["strict-transport-security"] == HEADERS["strict-transport-security"]


@pytest.mark.parametrize(
    ("path", "target"), [("/old", "/version"), ("/blog/", "blog.example.com/"), ("/blog/a", "blog.example.com/")]
)
def test_redirects(site: Site, path: str, target: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 301
    assert answer.headers["location"].endswith(target)


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/echo", 1_900_000, 200), ("/echo", 2_200_000, 413), ("/version", 70_000, 413), ("/version", 60_000, 405)],
)
def test_sizes(site: Site, path: str, size: int, status: int) -> None:
    answer = https.ask("POST", site.domain, site.host.address, site.ca, path, content=b"x" * size)
    assert answer.status_code == status


def test_what_is_too_large_is_refused_whatever_its_size(site: Site) -> None:
    """nginx checks the length again where it takes its page from."""
    body, headers = b"x" * (17 * 2**20), {"Accept": "application/json"}
    answer = https.ask("POST", site.domain, site.host.address, site.ca, "/echo", content=body, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (413, "This is too large")


def test_the_application_may_be_silent_for_so_long(site: Site) -> None:
    assert site.get("/slow?seconds=2").status_code == 200
    late = site.get("/slow?seconds=7", headers={"Accept": "application/json"})
    assert (late.status_code, late.headers["retry-after"]) == (504, "5")
    assert late.json()["title"] == "The application takes too long"
    assert late.json()["request_id"] == late.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/stream", "/events"])
def test_streams(site: Site, path: str) -> None:
    """The first part is there long before the last; the application's own events ask for that by a header."""
    sent = f"GET {path}?{'chunks' if path == '/stream' else 'count'}=3&delay=4 HTTP/1.1\r\nHost: {site.domain}\r\n\r\n"
    context = ssl.create_default_context(cafile=str(site.ca))
    with socket.create_connection((site.host.address, 443), timeout=8) as plain:
        connection = context.wrap_socket(plain, server_hostname=site.domain)
        actual = b""
        connection.sendall(sent.encode())
        while not (b"chunk 0" in actual or b'"number":0' in actual):
            actual += connection.recv(65536)
    assert not (b"chunk 2" in actual or b'"number":2' in actual)


def test_compression(site: Site) -> None:
    """Where it was asked for, and nowhere else."""
    accepted = {"Accept-Encoding": "br, gzip"}
    assert site.get("/openapi.json", headers=accepted).headers["content-encoding"] == "br"
    assert site.get("/openapi.json", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
    for path in ("/", "/redoc"):
        assert "content-encoding" not in site.get(path, headers=accepted).headers


def test_passwords(site: Site) -> None:
    asked = site.get("/docs")
    assert (asked.status_code, asked.headers["www-authenticate"]) == (401, 'Basic realm="web"')
    assert site.get("/docs", auth=("ops", "wrong")).status_code == 401
    assert site.get("/docs", auth=("ops", "open sesame")).status_code == 200
    passed = dict(site.get("/private/x", auth=("ops", "open sesame")).raise_for_status().json()["headers"])
    assert "authorization" not in passed, "the application does not see a password that nginx asked for"
    own = dict(site.get("/headers", headers={"Authorization": "Basic b3BzOng="}).json()["headers"])
    assert own["authorization"] == "Basic b3BzOng="
    origin, method = "Origin: https://front.example.test\r\n", "Access-Control-Request-Method: GET\r\n"
    for sent, status in (
        (f"OPTIONS {origin}{method}", 405),
        (f"OPTIONS {origin}", 401),
        (f"GET {origin}{method}", 401),
    ):
        verb, _space, headers = sent.partition(" ")
        assert site.status(f"{verb} /docs HTTP/1.1\r\nHost: {site.domain}\r\n{headers}\r\n".encode()) == status, sent
    file = site.host.run("stat -c '%a %U:%G' /etc/nginx/asgi/auth/web.htpasswd").stdout.strip()
    assert file == "640 root:www-data"


def test_addresses(site: Site) -> None:
    refused = site.get("/redoc")
    assert refused.status_code == 403
    assert "This is not open to you" in refused.text
    assert _from_elsewhere(site, "/redoc") == 200


def _from_elsewhere(site: Site, path: str) -> int:
    """Return the status that another host gets, which has Python and no curl."""
    program = (
        "import socket, ssl; c = ssl._create_unverified_context(); "
        f"s = c.wrap_socket(socket.create_connection(('{site.host.address}', 443)), server_hostname='{site.domain}'); "
        f"s.sendall(b'GET {path} HTTP/1.1\\r\\nHost: {site.domain}\\r\\nConnection: close\\r\\n\\r\\n'); "
        "print(s.recv(100).split()[1].decode())"
    )
    return int(LAB.host(HELPER).run(f'python3 -c "{program}"').stdout)


def test_rates_are_counted_by_path(site: Site) -> None:
    actual = [site.get("/orders/x") for _ in range(5)]
    statuses = [answer.status_code for answer in actual]
    # Two may come at once; a run a moment before has had them already.
    assert statuses.count(429) >= 2 and statuses[-1] == 429
    assert actual[-1].headers["retry-after"] == "5"
    assert site.get("/version").status_code == 200


def test_connections_are_counted(site: Site) -> None:
    with ThreadPoolExecutor(6) as pool:
        actual = list(pool.map(lambda _: site.get("/slow?seconds=3").status_code, range(6)))
    assert sorted(set(actual)) == [200, 429]
    assert actual.count(200) >= 2


def test_snippets(site: Site) -> None:
    """Of http, server and location in turn; the first made the variable of the second."""
    assert (site.get("/snippet").text, site.get("/snippet?beta=1").text) == ("stable\n", "beta\n")
    assert site.get("/health").status_code == 204


def test_a_balancer_asks_nginx(site: Site) -> None:
    for host in (site.host.address, site.domain):
        answer = httpx.get(f"http://{site.host.address}/-/nginx", headers={"Host": host}, trust_env=False)
        assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "/-/nginx" not in site.host.run("cat /var/log/nginx/asgi/*.access.log").stdout


def test_maintenance(site: Site) -> None:
    site.host.run("touch /srv/asgi/web/maintenance")
    try:
        closed = site.get("/version")
        assert (closed.status_code, closed.headers["retry-after"]) == (503, "5")
        assert "We will be right back" in closed.text
        assert site.get("/version", headers={"Accept": "application/json"}).json()["status"] == 503
        assert closed.headers["strict-transport-security"]
        assert [site.get(path).status_code for path in ("/ready", "/alive")] == [200, 200]
        assert _from_elsewhere(site, "/version") == 200
    finally:
        site.host.run("rm /srv/asgi/web/maintenance")
    assert site.get("/version").status_code == 200


def test_error_page_when_the_application_is_down(site: Site) -> None:
    unit = f"asgi-web@{site.live()}"
    site.host.run(f"systemctl stop {unit}.socket {unit}.service")
    try:
        answer = site.get("/")
        assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
        assert "<h1>The application does not answer</h1>" in answer.text
        assert answer.headers["x-request-id"] in answer.text
        posted = https.ask("POST", site.domain, site.host.address, site.ca, "/", content=b"order")
        failed = posted.headers["x-request-id"]
        line = json.loads(site.eventually(f"grep -F {failed} /var/log/nginx/asgi/web.access.log"))
        assert (line["method"], line["status"]) == ("POST", 502)
    finally:
        site.host.run(f"systemctl start {unit}.socket {unit}.service")
    assert https.wait(site.domain, site.host.address, site.ca, "/version").status_code == 200


def test_gixy_finds_nothing(site: Site) -> None:
    dump = site.host.run("nginx -T 2>/dev/null").stdout
    gixy = str(Path(sys.executable).with_name("gixy"))
    actual = subprocess.run(
        [gixy, "--format=json", "-"], input=dump, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert json.loads(actual.stdout) == [], actual.stdout
