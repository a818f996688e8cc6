"""The attacks of this scenario succeed against the same application where nothing of ours is before it.

So what stops them elsewhere is what the table says, and no mistake of theirs.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.clients import http2, http3, https
from tests.clients.http3 import Question
from tests.integration.web.conftest import Site
from tests.integration.web.test_hostile import BELIEVED, POST
from tests.integration.web.test_quic import RESETS
from tests.integration.web.unprotected import PORT, Unprotected

ODD_PATHS = ("/redoc/../version", "/redoc/x/../../version", "/redoc/%2e%2e/version", "/redoc%2f..%2fversion")
NOT_FOUND = b'{"detail":"Not Found"}'  # as the application says, and nginx does not


@pytest.fixture(scope="module")
def unprotected(site: Site) -> Iterator[Unprotected]:
    result = Unprotected(site)
    result.up()
    yield result
    result.down()


@pytest.fixture(scope="module")
def never_ending(unprotected: Unprotected) -> Iterator[tuple[float, ssl.SSLSocket]]:
    """Yield a header that never ends, and when it began."""
    connection = unprotected.site.connect(port=PORT, seconds=30)
    connection.sendall(b"GET / HTTP/1.1\r\nX-A: a")
    assert isinstance(connection, ssl.SSLSocket)
    yield time.monotonic(), connection
    connection.close()


@pytest.fixture(autouse=True)
def held_during_the_test(never_ending: tuple[float, ssl.SSLSocket]) -> None:
    """Begin it before the first test, so that the last one waits for less."""


def client(site: Site, **options: object) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(site.ca))
    headers = {"Host": site.domain}
    return httpx.Client(verify=context, trust_env=False, timeout=60, headers=headers, http2=bool(options.get("http2")))


def ask(unprotected: Unprotected, method: str, path: str, **options: object) -> httpx.Response:
    site = unprotected.site
    with client(site) as asking:
        url = f"https://{site.host.address}:{PORT}{path}"
        return asking.request(method, url, extensions={"sni_hostname": site.domain}, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_path_that_is_read_in_two_ways_reaches_the_application(unprotected: Unprotected, path: str) -> None:
    """nginx decides by /version, and the application gets what lies below a path that is shut."""
    answer = unprotected.raw(f"GET {path} HTTP/1.1\r\nHost: {{name}}\r\nConnection: close\r\n\r\n")
    assert b" 404 " in answer and NOT_FOUND in answer, answer
    assert ask(unprotected, "GET", "/redoc").status_code == 403


def test_an_upgrade_takes_the_body_away(unprotected: Unprotected) -> None:
    sent = POST.replace("close", "upgrade, close") + "Upgrade: h2c\r\nContent-Length: 4\r\n\r\nbody"
    actual = unprotected.raw(sent)
    assert b'"length":4' not in actual, actual


def test_what_frameworks_believe_is_passed_on(unprotected: Unprotected) -> None:
    for name in BELIEVED:
        assert "6.6.6.6" in ask(unprotected, "GET", "/headers", headers={name: "6.6.6.6"}).text, name


def test_claims_are_believed(unprotected: Unprotected) -> None:
    actual = ask(unprotected, "GET", "/headers", headers={"X-Forwarded-For": "6.6.6.6"}).json()
    assert "6.6.6.6" in json.dumps(actual["headers"]) and actual["client"] != "198.18.0.1"


def test_slow_questions_hold_connections(unprotected: Unprotected) -> None:
    site = unprotected.site
    slow = [site.connect(port=PORT, seconds=1) for _ in range(60)]
    try:
        for connection in slow:
            connection.sendall(
                f"POST /alive HTTP/1.1\r\nHost: {site.domain}\r\nContent-Length: 1000000\r\n\r\n".encode()
            )
        with pytest.raises(TimeoutError):
            slow[-1].recv(1)
    finally:
        for connection in slow:
            connection.close()


def test_a_flood_is_passed_on(unprotected: Unprotected) -> None:
    site = unprotected.site
    with client(site) as asking:
        urls = [f"https://{site.host.address}:{PORT}/none-{number}" for number in range(700)]
        asked = {asking.get(url, extensions={"sni_hostname": site.domain}).status_code for url in urls}
    assert asked == {404}


def test_long_urls_are_logged_whole(unprotected: Unprotected) -> None:
    token = uuid.uuid4().hex
    ask(unprotected, "GET", f"/none-{token}?{'a' * 6000}")
    unprotected.site.eventually(f"grep -q {token} /var/log/nginx/asgi/unprotected.log")
    assert len(unprotected.logged(token)[0]) > 6000


def test_every_name_is_answered(unprotected: Unprotected) -> None:
    answer = unprotected.raw("GET /version HTTP/1.1\r\nHost: other.example.test\r\nConnection: close\r\n\r\n")
    assert b" 200 OK" in answer


def test_no_password_is_asked_for(unprotected: Unprotected) -> None:
    assert ask(unprotected, "GET", "/docs").status_code == 200


def test_sizes_have_no_limit(unprotected: Unprotected) -> None:
    assert ask(unprotected, "POST", "/version", content=b"x" * 70_000).status_code == 405


def test_connections_are_not_counted(unprotected: Unprotected) -> None:
    with ThreadPoolExecutor(6) as pool:
        actual = list(pool.map(lambda _: ask(unprotected, "GET", "/slow?seconds=1").status_code, range(6)))
    assert actual == [200] * 6


def test_an_old_tls_is_spoken(unprotected: Unprotected) -> None:
    site = unprotected.site
    context = ssl.create_default_context(cafile=str(site.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((site.host.address, PORT), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=site.domain) as connection,
    ):
        assert connection.version() == "TLSv1.2"


def test_a_line_break_in_a_redirect_is_a_header(unprotected: Unprotected) -> None:
    answer = unprotected.raw("GET /moved/%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n")
    assert b"\r\nX-Evil: 1" in answer, answer


def test_what_is_cancelled_reaches_the_application(unprotected: Unprotected) -> None:
    site, token = unprotected.site, uuid.uuid4().hex
    http2.reset(site.domain, site.host.address, site.ca, f"/none-{token}", RESETS, port=PORT)
    https.wait(site.domain, site.host.address, site.ca, "/alive")
    site.host.run("sleep 0.3")
    passed = sum('"unix:' in line for line in unprotected.logged(token))
    assert passed > RESETS / 2, passed


def test_over_http_3_nothing_is_held_either(unprotected: Unprotected) -> None:
    site = unprotected.site
    if site.host.release == "bookworm":
        pytest.skip("Debian 12 has an nginx without HTTP/3")
    token = uuid.uuid4().hex
    questions = [
        Question("/redoc/../version"),
        Question("/docs"),
        Question("/version", "POST", {"content-length": "70000"}, b"x" * 70_000),
        Question("/headers", headers={"x-original-url": "6.6.6.6"}),
        *[Question(f"/none-{token}")] * 400,
    ]
    path, docs, large, believed, *flood = http3.ask(site.domain, site.host.address, site.ca, questions, port=PORT)
    assert (path.status, path.body) == (404, NOT_FOUND)
    assert (docs.status, large.status) == (200, 405)
    assert b"6.6.6.6" in believed.body
    assert {answer.status for answer in flood} == {404}
    other = http3.ask(
        site.domain, site.host.address, site.ca, [Question("/version")], port=PORT, authority="other.example.test"
    )
    assert other[0].status == 200
    http3.reset(site.domain, site.host.address, site.ca, f"/none-{token}-reset", 1500, port=PORT)
    site.host.run("sleep 0.3")
    passed = sum('"unix:' in line for line in unprotected.logged(f"{token}-reset"))
    assert passed > 750, passed


def test_a_header_that_never_ends_holds_its_connection(never_ending: tuple[float, ssl.SSLSocket]) -> None:
    """For longer than the product's sites would let it."""
    began, connection = never_ending
    connection.settimeout(max(0.1, began + 16 - time.monotonic()))
    with pytest.raises(TimeoutError):
        connection.recv(1)
