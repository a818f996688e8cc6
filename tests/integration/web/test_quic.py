"""What holds over HTTP/1.1 and HTTP/2 holds over HTTP/3 as well, and who cancels what was asked for gets nowhere."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.clients import http2, http3, https
from tests.clients.http3 import Answer, Question
from tests.integration.web.conftest import Site
from tests.integration.web.test_hostile import BELIEVED

ODD_PATHS = ("/redoc/../version", "/redoc/%2e%2e/version", "/redoc%2f..%2fversion", "/redoc\\..\\version", "/a%00b")
LOG = "/var/log/nginx/asgi/web.access.log"
RESETS = 3000
# Of what comes at once, five seconds' worth are passed on; the rest of it is what comes at the same time.
RATE, BURST = 50, 250


@pytest.fixture(name="quic", scope="module")
def site_with_quic(site: Site) -> Site:
    if site.host.release == "bookworm":
        pytest.skip("Debian 12 has an nginx without HTTP/3")
    return site


def ask(site: Site, *questions: Question, authority: str = "") -> list[Answer]:
    return http3.ask(site.domain, site.host.address, site.ca, questions, authority=authority)


def passed_on(site: Site, path: str) -> int:
    """Return how many requests for a path nginx has passed on to the application."""
    site.host.run("sleep 0.3")  # nginx writes its log at the latest after a tenth of a second
    lines = site.host.run(f"grep -F '{path}' {LOG} || true").stdout.splitlines()
    return sum(json.loads(line)["upstream"] != "" for line in lines)


def test_a_path_that_can_be_read_in_two_ways(quic: Site) -> None:
    assert [answer.status for answer in ask(quic, *map(Question, ODD_PATHS))] == [400] * len(ODD_PATHS)


def test_a_path_with_rules(quic: Site) -> None:
    assert [answer.status for answer in ask(quic, Question("/redoc"), Question("/docs"))] == [403, 401]


def test_another_name_than_the_handshake_s(quic: Site) -> None:
    assert ask(quic, Question("/version"), authority="other.example.test")[0].status == 421


def test_sizes(quic: Site) -> None:
    large = Question("/version", "POST", {"content-length": "70000"}, b"x" * 70_000)
    assert ask(quic, large)[0].status == 413


def test_what_frameworks_believe_is_not_passed_on(quic: Site) -> None:
    names = [*BELIEVED, "X-Forwarded-For", "X-Real-IP", "Forwarded"]
    answer = ask(quic, Question("/headers", headers={name.lower(): "6.6.6.6" for name in names}))[0]
    assert answer.status == 200 and b"6.6.6.6" not in answer.body, answer.body


def test_the_health_with_a_body(quic: Site) -> None:
    sent = Question("/alive", "POST", {"content-length": "9"}, b"x" * 9)
    assert ask(quic, sent)[0].status in (405, 413)


def test_a_flood(quic: Site) -> None:
    path = f"/none-{uuid.uuid4().hex}"
    asked = {answer.status for answer in ask(quic, *[Question(path)] * 700)}
    assert asked == {404, 429}, asked
    assert https.wait(quic.domain, quic.host.address, quic.ca, "/alive").status_code == 200


def test_what_is_cancelled_is_counted(site: Site) -> None:
    """Rapid reset: each stream is ended as soon as it was begun, so that no limit of streams ever counts."""
    path = f"/none-{uuid.uuid4().hex}"
    actual = http2.reset(site.domain, site.host.address, site.ca, path, RESETS)
    assert actual.streams == RESETS
    assert https.wait(site.domain, site.host.address, site.ca, "/alive").status_code == 200
    assert passed_on(site, path) < RESETS / 2


def test_what_is_cancelled_over_http_3_is_counted(quic: Site) -> None:
    path = f"/none-{uuid.uuid4().hex}"
    http3.reset(quic.domain, quic.host.address, quic.ca, path, 1500)
    assert https.wait(quic.domain, quic.host.address, quic.ca, "/alive").status_code == 200
    assert passed_on(quic, path) < 750
