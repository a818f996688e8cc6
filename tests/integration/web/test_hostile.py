"""Hostile requests, and the answer that each gets; the application is well afterwards."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time

import httpx
import pytest

from tests.clients import https
from tests.integration.web.conftest import Site

GET = "GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n"
POST = "POST /echo HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n"

TABLE = {
    "another name than the handshake's": ("GET / HTTP/1.1\r\nHost: other.example.test\r\n\r\n", 421),
    "another name in the URL": ("GET https://other.example.test/ HTTP/1.1\r\nHost: {name}\r\n\r\n", 421),
    "no name": ("GET / HTTP/1.1\r\n\r\n", 400),
    "two names": (GET + "Host: other.example.test\r\n\r\n", 400),
    "a name with a slash": ("GET / HTTP/1.1\r\nHost: {name}/../x\r\n\r\n", 400),
    "a path above the root": ("GET /../../etc/passwd HTTP/1.1\r\nHost: {name}\r\n\r\n", 400),
    "an encoded path above the root": ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: {name}\r\n\r\n", 400),
    "an encoded zero": ("GET /a%00b HTTP/1.1\r\nHost: {name}\r\n\r\n", 400),
    **{
        f"a path that can be read in two ways, {path}": (f"GET {path} HTTP/1.1\r\nHost: {{name}}\r\n\r\n", 400)
        for path in (
            *("/redoc/../version", "/redoc/x/../../version", "/redoc/%2e%2e/version", "/redoc/.%2E/version", "/a/./b"),
            *("/redoc/..", "/redoc%2f..%2fversion", "/redoc\\..\\version", "/redoc%5c..%5cversion", "/x#/../redoc"),
            *("/redoc;/../version", "/redoc;x=1", "/redoc/..;/version", "/redoc%3bx", "/version%2fx"),
        )
    },
    "the health by another method": ("POST /alive HTTP/1.1\r\nHost: {name}\r\nContent-Length: 0\r\n\r\n", 405),
    "the health with a body": ("GET /alive HTTP/1.1\r\nHost: {name}\r\nContent-Length: 9\r\n\r\n", 413),
    "the health with chunks": ("GET /alive HTTP/1.1\r\nHost: {name}\r\nTransfer-Encoding: chunked\r\n\r\n", 405),
    "a header that is too large": (GET + f"X-A: {'a' * 40_000}\r\n\r\n", 400),
    "a URL that is too long": (f"GET /{'a' * 20_000} HTTP/1.1\r\nHost: {{name}}\r\n\r\n", 414),
    "a body that says it is too large": (POST + "Content-Length: 9999999999\r\n\r\n", 413),
    "a body of no size": (POST + "Content-Length: -1\r\n\r\n", 400),
    "two sizes": (POST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a size and chunks": (
        POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
        400,
    ),
    "chunks twice": (POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunks by another name": (POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "a chunk of no size": (POST + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    "a space before the colon": (POST + "Content-Length : 1\r\n\r\na", 400),
    "a zero in a header": (GET + "X-A: a\x00b\r\n\r\n", 400),
    "a tunnel": ("CONNECT {name}:443 HTTP/1.1\r\nHost: {name}\r\n\r\n", 400),
    "a trace": ("TRACE / HTTP/1.1\r\nHost: {name}\r\n\r\n", 405),
    "a version from the future": ("GET / HTTP/9.9\r\nHost: {name}\r\n\r\n", 505),
    "no HTTP at all": ("SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
}

BELIEVED = (
    *(
        "X-Forwarded-Server",
        "X-Forwarded-Scheme",
        "X-Forwarded-Ssl",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Script-Name",
    ),
    *("X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Proxy", "X-HTTP-Method-Override", "X-Forwarded-User"),
    *("Remote-User", "X-Url-Scheme", "X-Forwarded-Protocol", "X-Host", "X-Cluster-Client-IP", "X-Method-Override"),
)


@pytest.mark.parametrize(("sent", "status"), TABLE.values(), ids=TABLE)
def test_request(site: Site, sent: str, status: int) -> None:
    assert site.status(sent.replace("{name}", site.domain).encode("latin-1")) == status


def test_plain_words_to_the_port_of_tls(site: Site) -> None:
    with socket.create_connection((site.host.address, 443), timeout=5) as plain:
        plain.sendall(f"GET / HTTP/1.1\r\nHost: {site.domain}\r\n\r\n".encode())
        assert b" 400 " in plain.recv(4096)


def test_a_name_that_is_nobodys(site: Site) -> None:
    assert site.raw(b"GET / HTTP/1.1\r\nHost: other.example.test\r\n\r\n", port=80) == b""
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        site.raw(b"", name="other.example.test")


def test_a_second_request_in_a_body_is_none(site: Site) -> None:
    """The end of a body is where its size says; what comes after it is a request of its own, and treated as one."""
    hidden = "GET /redoc HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
    sent = "POST /echo HTTP/1.1\r\nHost: {name}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden
    actual = site.raw(sent.replace("{name}", site.domain).encode())
    assert re.findall(rb"HTTP/1.1 (\d+) ", actual) == [b"200", b"403"]


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0", "h2c, websocket"])
def test_an_upgrade_takes_no_body_away(site: Site, upgrade: str) -> None:
    """Only a WebSocket is asked for by an upgrade, and only by GET; servers drop the body of what they take for one."""
    sent = f"Upgrade: {upgrade}\r\nContent-Length: 4\r\n\r\nbody"
    actual = site.raw((POST.replace("close", "upgrade, close") + sent).replace("{name}", site.domain).encode())
    assert b" 200 OK" in actual and b'"length":4' in actual, actual


def test_what_frameworks_believe_is_not_passed_on(site: Site) -> None:
    answer = site.get("/headers", headers=dict.fromkeys(BELIEVED, "6.6.6.6"))
    assert answer.status_code == 200 and "6.6.6.6" not in answer.text, answer.text


def test_slow_questions_after_its_health_delay_no_one(site: Site) -> None:
    """More of them than connections of an address are let in: each is answered, and gone."""
    sent = f"POST /alive HTTP/1.1\r\nHost: {site.domain}\r\nContent-Length: 1000000\r\n\r\n".encode()
    slow = [site.connect() for _ in range(60)]
    try:
        for connection in slow:
            connection.sendall(sent)
        assert {connection.recv(12)[9:12] for connection in slow} <= {b"405", b"413", b"429"}
        ended = time.monotonic() + 10
        for connection in slow:
            connection.settimeout(max(0.1, ended - time.monotonic()))
            while connection.recv(65536):
                pass
    finally:
        for connection in slow:
            connection.close()
    assert https.wait(site.domain, site.host.address, site.ca, "/alive").status_code == 200


def test_claims_are_not_passed_on(site: Site) -> None:
    claims = {
        name: "6.6.6.6"
        for name in (
            "X-Forwarded-For",
            "X-Real-IP",
            "X-Forwarded-Host",
            "Forwarded",
            "X_Forwarded_For",
            "X-Forwarded-Port",
        )
    }
    answer = site.get("/headers", headers={**claims, "X-Forwarded-Proto": "http", "X-ASGI-Probe": "1"})
    assert "6.6.6.6" not in json.dumps(answer.json())
    assert (answer.json()["scheme"], answer.json()["client"]) == ("https", "198.18.0.1")
    assert "x-asgi-worker" not in answer.headers


def test_a_line_break_in_a_redirect(site: Site) -> None:
    answer = site.raw(
        f"GET /%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: {site.domain}\r\nConnection: close\r\n\r\n".encode(), port=80
    )
    assert b"\r\nX-Evil" not in answer
    assert f"Location: {site.url}/%0d%0aX-Evil:%201\r\n".encode() in answer


def test_a_header_that_never_ends(site: Site) -> None:
    began = time.monotonic()
    assert site.raw(f"GET / HTTP/1.1\r\nHost: {site.domain}\r\nX-A: a".encode(), seconds=50) == b""
    assert time.monotonic() - began > 10


def test_a_flood(site: Site) -> None:
    """More than five seconds' worth at once is refused, and what is let through is answered."""
    context = ssl.create_default_context(cafile=str(site.ca))
    with httpx.Client(verify=context, trust_env=False, timeout=60, headers={"Host": site.domain}) as client:
        urls = [f"https://{site.host.address}/none-{number}" for number in range(900)]
        asked = [client.get(url, extensions={"sni_hostname": site.domain}).status_code for url in urls]
    assert set(asked) == {404, 429}
    assert asked.count(404) >= 250
    time.sleep(2)
    assert https.wait(site.domain, site.host.address, site.ca, "/version").status_code == 200


def test_a_flood_of_long_urls_is_logged_in_short_lines(site: Site) -> None:
    """Over HTTP/2 the same long URL is sent again by a few bytes; many of these are refused."""
    log = "/var/log/nginx/asgi/web.access.log"
    before = int(site.host.run(f"stat -c %s {log}").stdout)
    long, count = "/none?" + "a" * 6000, 1500
    context = ssl.create_default_context(cafile=str(site.ca))
    with httpx.Client(http2=True, verify=context, trust_env=False, timeout=60, headers={"Host": site.domain}) as client:
        url = f"https://{site.host.address}{long}"
        asked = [client.get(url, extensions={"sni_hostname": site.domain}).status_code for _ in range(count)]
    refused = asked.count(429)
    assert refused > count / 4
    time.sleep(1)
    written = int(site.host.run(f"stat -c %s {log}").stdout) - before
    assert written < refused * 600 + (count - refused) * 1700, written
    errors = site.host.run("tail -c 20000 /var/log/nginx/asgi/nginx.error.log").stdout
    assert "limiting requests" not in errors


def test_logs_are_for_who_looks_after_the_host(site: Site) -> None:
    site.host.run("systemctl start asgi-logs.service")
    assert site.host.run("find /var/log/nginx/asgi -type f -perm /o+rwx").stdout == ""
    assert site.host.run("stat -c '%a %U %G' /var/log/nginx/asgi").stdout == "751 root adm\n"


def test_logs_have_a_size_whatever_comes(site: Site) -> None:
    """Rotated by size each few seconds; of what was rotated the oldest goes."""
    folder = "/var/log/nginx/asgi"
    site.host.run(f"for n in 1 2 3; do truncate -s 1G {folder}/flood.access.log.$n; sleep 0.1; done")
    site.eventually(f"[ $(ls {folder}/flood.access.log.* | wc -l) -le 2 ]")
    assert site.host.run(f"ls {folder}/flood.access.log.3").stdout
    site.host.run(f"rm -f {folder}/flood.access.log.*")
