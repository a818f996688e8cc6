"""What certificates say, and when one is due."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils.certificates import due, parse_renewal, parse_x509

CA = "https://acme.example.com/directory"


@pytest.mark.parametrize(
    ("text", "domains", "end"),
    [
        pytest.param(
            "notAfter=Feb 19 08:05:10 2027 GMT\n"
            "X509v3 Subject Alternative Name: \n    DNS:www.example.com, DNS:shop.example.com\n",
            ["shop.example.com", "www.example.com"],
            (2027, 2, 19, 8, 5, 10),
            id="two names",
        ),
        pytest.param(
            "notAfter=Feb  9 08:05:10 2027 GMT\nX509v3 Subject Alternative Name: critical\n    DNS:shop.example.com\n",
            ["shop.example.com"],
            (2027, 2, 9, 8, 5, 10),
            id="day of one digit",
        ),
        pytest.param(
            "notAfter=Dec 31 23:59:59 2049 GMT\n"
            "X509v3 Subject Alternative Name: \n    IP Address:10.0.0.1, DNS:*.example.com, email:a@example.com\n",
            ["*.example.com"],
            (2049, 12, 31, 23, 59, 59),
            id="names of other kinds",
        ),
        pytest.param("notAfter=Feb 19 08:05:10 2027 GMT\n", [], (2027, 2, 19, 8, 5, 10), id="no names"),
    ],
)
def test_parse_x509(text: str, domains: list[str], end: tuple[int, ...]) -> None:
    found = parse_x509(text)
    assert found["domains"] == domains
    assert tuple(found["ends"])[:6] == end


def test_parse_no_certificate() -> None:
    assert parse_x509("") == {"domains": [], "ends": None}


def test_end_can_be_compared_with_now() -> None:
    assert parse_x509("notAfter=Jan  1 00:00:00 2020 GMT\n")["ends"] < time.gmtime()
    assert parse_x509("notAfter=Jan  1 00:00:00 2199 GMT\n")["ends"] > time.gmtime()


@pytest.mark.parametrize(
    ("text", "server"),
    [
        pytest.param(f"version = 5.1\n[renewalparams]\naccount = 1a2b\nserver = {CA}\n", CA, id="as certbot writes it"),
        pytest.param(f"server={CA}", CA, id="no spaces"),
        pytest.param(f"# server = {CA}\n", None, id="comment"),
        pytest.param("[renewalparams]\nmy_server = x\n", None, id="another option"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_parse_renewal(text: str, server: str | None) -> None:
    assert parse_renewal(text) == server


def found(**changes: Any) -> dict[str, Any]:
    return {"domains": ["a.example.com", "b.example.com"], "server": CA, "expired": False, **changes}


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        pytest.param(found(), None, id="all is right, in another order"),
        pytest.param(None, "there is none", id="none"),
        pytest.param(found(domains=["a.example.com"]), "it is for a.example.com", id="a name more"),
        pytest.param(
            found(domains=["a.example.com", "b.example.com", "c.example.com"]),
            "it is for a.example.com, b.example.com, c.example.com",
            id="a name less",
        ),
        pytest.param(
            found(server="https://staging.example.com/directory"),
            "it is from https://staging.example.com/directory",
            id="another CA",
        ),
        pytest.param(found(server=None), "it is from None", id="no CA"),
        pytest.param(found(expired=True), "it has expired", id="expired"),
    ],
)
def test_due(certificate: dict[str, Any] | None, reason: str | None) -> None:
    assert due(certificate, ["b.example.com", "a.example.com"], CA) == reason
