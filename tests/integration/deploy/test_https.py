"""What a visitor meets: HTTPS, HTTP/2, WebSockets, and nothing that can be spoofed."""

from __future__ import annotations

import json
import socket
import ssl

import httpx
import pytest
from websockets.sync.client import connect

from tests.integration.conftest import Web
from tests.integration.hosts import BARE, LAB


def handshake(web: Web, name: str) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(web.ca))
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection((web.host.address, 443), timeout=10)
    return context.wrap_socket(plain, server_hostname=name)


def test_answers_over_https_with_the_cas_certificate(web: Web) -> None:
    with handshake(web, web.domain) as connection:
        certificate = connection.getpeercert() or {}
        assert certificate["subjectAltName"] == (("DNS", web.domain),)
        assert connection.version() == "TLSv1.3"
        assert connection.selected_alpn_protocol() == "h2"
    response = web.get("/")
    assert response.status_code == 200
    assert "shop is open" in response.text
    assert response.headers["strict-transport-security"] == "max-age=63072000"
    assert response.headers["server"] == "nginx"


def test_speaks_http_2(web: Web) -> None:
    response = web.get("/version", http2=True)
    assert (response.status_code, response.http_version) == (200, "HTTP/2")


def test_sends_http_to_https(web: Web) -> None:
    response = httpx.get(f"http://{web.host.address}/a/b?c=d", headers={"Host": web.domain}, trust_env=False)
    assert (response.status_code, response.headers["location"]) == (301, f"{web.url}/a/b?c=d")


def test_carries_websockets(web: Web) -> None:
    context = ssl.create_default_context(cafile=str(web.ca))
    with connect(f"wss://{web.domain}/ws", sock=socket.create_connection((web.host.address, 443)), ssl=context) as ws:
        ws.send("hello")
        answer = json.loads(ws.recv(timeout=10))
    assert answer["echo"] == "hello"
    assert answer["release"] == web.live()


def test_does_not_believe_what_a_visitor_says_of_itself(web: Web) -> None:
    spoofed = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6;proto=http",
    }
    seen = web.get("/headers", headers=spoofed).json()
    assert "6.6.6.6" not in json.dumps(seen)
    assert "evil.example" not in json.dumps(seen)
    assert (seen["scheme"], seen["client"]) == ("https", "198.18.0.1")


def test_answers_to_no_other_name(web: Web) -> None:
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):  # the connection ends, or is reset
        httpx.get(f"http://{web.host.address}/", headers={"Host": "other.example.test"}, trust_env=False)
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        handshake(web, "other.example.test")


def test_negotiates_the_best_group_there_is(web: Web) -> None:
    """As a host sees it whose OpenSSL has the post-quantum group."""
    asked = f"openssl s_client -brief -connect {web.host.address}:443 -servername {web.domain}"
    output = LAB.host(BARE).run(f"echo | {asked} 2>&1").stdout
    actual = "Negotiated TLS1.3 group: X25519MLKEM768" if web.host.release != "bookworm" else "Peer Temp Key: X25519"
    assert actual in output
