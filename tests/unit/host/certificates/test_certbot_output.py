"""What the output of certbot means, and the message about a CA that issued no certificate."""

from __future__ import annotations

import time

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certbot_output import (
    describe_failure,
    is_account_lost,
    likely_reason,
    retry_at,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    STAND_IN,
    X509,
    CertificateRequest,
)

REQUEST = CertificateRequest("shop", ["b.example.com", "a.example.com"])
LIMITED = (
    "Error finalizing order :: rateLimited :: too many certificates (5) already issued for this exact set of "
    "identifiers in the last 168h0m0s, retry after {}: see https://ca.example.com/limits"
)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        (LIMITED.format("2026-11-22 20:00:00 UTC"), 1795377600.0),
        (LIMITED.format("2026-11-22T20:00:00Z"), 1795377600.0),
        ("rateLimited :: slow down", None),
        ("dns :: the zone is locked, retry after 2026-11-22 20:00:00 UTC", None),
    ],
)
def test_when_the_ca_wants_to_be_asked_again(said: str, moment: float | None) -> None:
    assert retry_at(said) == moment
    if moment:
        assert likely_reason(said).endswith("the next request follows after 2026-11-22 20:00:00 UTC, not before")


def test_a_request_that_was_not_sent_has_the_time_of_the_refusal() -> None:
    refusal = "not asked: the CA's rate limit was reached before, retry after 2026-11-22T20:00:00Z"
    assert retry_at(refusal) == 1795377600.0


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("urn:ietf:params:acme:error:rateLimited :: too many certificates already issued", "rate limit"),
        ("requests.exceptions.ConnectionError: … Max retries exceeded with url: /dir", "directory does not answer"),
        ("  Type:   dns\n  Detail: DNS problem: NXDOMAIN looking up A", "finds no address"),
        ("  Type:   connection\n  Detail: Get x: could not resolve URL", "finds no address"),
        ("  Type:   connection\n  Detail: Timeout during connect", "does not reach port 80"),
        ("  Type:   unauthorized\n  Detail: Invalid response from http://a.example.com/: 404", "another server"),
        ("Unable to register an account: externalAccountRequired", "certificate_account"),
        ("urn:ietf:params:acme:error:caa :: CAA record forbids", "CAA"),
        ("Error returned by the ACME server: JWS has an invalid anti-replay nonce: P9lSz", "refused its own nonces"),
        ("Plugin legacy name: Unable to determine base domain for a.example.com", "the DNS provider refused"),
        ("something new", "the output of certbot"),
    ],
)
def test_likely_reason(said: str, reason: str) -> None:
    assert reason in likely_reason(said)


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        (
            "urn:ietf:params:acme:error:accountDoesNotExist :: The request specified an account that does not exist",
            True,
        ),
        ("Account with ID 1a2b not found", True),
        ("No such authorization", False),
        ("", False),
    ],
)
def test_account_lost(said: str, lost: bool) -> None:
    assert is_account_lost(said) is lost


@pytest.mark.parametrize(
    ("serving", "message"),
    [
        (None, "Nothing is served yet."),
        (X509([], None, f"O = {STAND_IN}"), "a self-signed stand-in is served, WHICH NO BROWSER TRUSTS."),
        (
            X509([], time.gmtime(1_900_000_000), "CN = R1"),
            "The former one is still served; it ends 2030-03-17 17:46 UTC.",
        ),
    ],
)
def test_a_failure_says_what_is_served(serving: X509 | None, message: str) -> None:
    text = describe_failure(REQUEST, "Type: dns\nDetail: NXDOMAIN", ["a.example.com has no address"], serving)
    lines = text.splitlines()
    assert lines[0] == "shop: the CA issued no certificate for b.example.com, a.example.com."
    assert message in lines[1]
    assert "Seen from this host: a.example.com has no address." in lines
    assert lines[-2:] == ["  Type: dns", "  Detail: NXDOMAIN"]


def test_a_ca_whose_certificate_is_not_valid_by_the_clock() -> None:
    """It is what certbot says of each failed connection, too."""
    output = "requests.exceptions.SSLError: Max retries … certificate verify failed: certificate is not yet valid"
    reason = likely_reason(output)
    assert reason.startswith("the CA's own certificate is not valid now. This host's clock says 20"), reason
