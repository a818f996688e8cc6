"""Certificates: what they contain, and when one is requested."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    MOMENT,
    SELF_SIGNED,
    STAND_IN,
    X509,
    CertificateRequest,
    Lineage,
    certificate_status,
    parse_renewal,
    parse_x509,
    reachability_error,
    reason_to_make,
    reason_to_request,
    served_texts,
    wait_until,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import in_url, is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import LastAttempt, RequestKey

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
            "X509v3 Subject Alternative Name: \n    IP Address:10.0.0.1, DNS:*.example.com, email:a@example.com, "
            "IP Address:2001:DB8:0:0:0:0:0:1\n",
            ["*.example.com", "10.0.0.1", "2001:db8::1"],
            (2049, 12, 31, 23, 59, 59),
            id="names of other kinds",
        ),
        pytest.param("notAfter=Feb 19 08:05:10 2027 GMT\n", [], (2027, 2, 19, 8, 5, 10), id="no names"),
    ],
)
def test_parse_x509(text: str, domains: list[str], end: tuple[int, ...]) -> None:
    actual = parse_x509(text)
    assert actual.domains == domains
    assert actual.ends is not None and tuple(actual.ends)[:6] == end


def test_parse_where_months_have_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible sets the language of the user who logs in."""
    german = ["", "Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]
    monkeypatch.setattr("calendar.month_abbr", german)
    monkeypatch.setattr("_strptime._TimeRE_cache", importlib.import_module("_strptime").TimeRE())
    monkeypatch.setattr("_strptime._regex_cache", {})
    with pytest.raises(ValueError, match="does not match format"):
        time.strptime("Dec 14 12:00:00 2030", "%b %d %H:%M:%S %Y")
    ends = parse_x509("notAfter=Dec  4 12:00:00 2030 GMT\n").ends
    assert ends is not None and tuple(ends)[:3] == (2030, 12, 4)


def test_parse_no_certificate() -> None:
    nothing = parse_x509("")
    assert nothing == X509([], None, "")
    assert (nothing.seconds, nothing.made_here) == (0.0, None)


def test_end_can_be_compared_with_now() -> None:
    assert parse_x509("notAfter=Jan  1 00:00:00 2020 GMT\n").seconds < 0
    assert parse_x509("notAfter=Jan  1 00:00:00 2199 GMT\n").seconds > 0


@pytest.mark.parametrize(
    ("text", "server"),
    [
        pytest.param(f"dns_rfc2136_x1 = 1\nserver = {CA}\n", CA, id="digits in a key"),
        pytest.param(f"version = 5.1\n[renewalparams]\naccount = 1a2b\nserver = {CA}\n", CA, id="as certbot writes it"),
        pytest.param(f"server={CA}", CA, id="no spaces"),
        pytest.param(f"# server = {CA}\n", None, id="comment"),
        pytest.param("[renewalparams]\nmy_server = x\n", None, id="another option"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_parse_renewal(text: str, server: str | None) -> None:
    assert parse_renewal(text).get("server") == server


DAY = 86400
RENEWAL = {"server": CA, "key_type": "ecdsa", "required_profile": None, "authenticator": "webroot"}
REQUEST = CertificateRequest("shop", ["b.example.com", "a.example.com"], renewal=RENEWAL)


KEPT = Lineage(
    ["a.example.com", "b.example.com"],
    {"server": CA, "key_type": "ecdsa", "authenticator": "webroot", "account": "1a2b"},
    expired=False,
)


def renewal(**changes: str) -> Lineage:
    return KEPT._replace(renewal={**KEPT.renewal, **changes})


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        pytest.param(KEPT, None, id="all is right, in another order"),
        pytest.param(None, "there is none", id="none"),
        pytest.param(KEPT._replace(domains=["a.example.com"]), "it is for a.example.com", id="a name more"),
        pytest.param(
            KEPT._replace(domains=["a.example.com", "b.example.com", "c.example.com"]),
            "it is for a.example.com, b.example.com, c.example.com",
            id="a name less",
        ),
        pytest.param(
            renewal(server="https://staging.example.com/directory"),
            "it is from https://staging.example.com/directory",
            id="another CA",
        ),
        pytest.param(renewal(key_type="rsa"), "its key_type is rsa, not ecdsa", id="another kind of key"),
        pytest.param(
            renewal(required_profile="shortlived"), "its required_profile is shortlived, not None", id="another profile"
        ),
        pytest.param(
            renewal(authenticator="standalone"), "its authenticator is standalone, not webroot", id="another challenge"
        ),
        pytest.param(KEPT._replace(renewal={}), "it is from None", id="no CA"),
        pytest.param(KEPT._replace(expired=True), "it has expired", id="expired"),
    ],
)
def test_reason_to_request(certificate: Lineage | None, reason: str | None) -> None:
    assert reason_to_request(certificate, REQUEST) == reason


def made(kind: str = STAND_IN, seconds: float = 7.0 * DAY, domains: Sequence[str] = KEPT.domains) -> X509:
    """Return a certificate that ends in so many seconds; one of a CA's where its kind is empty."""
    return X509(list(domains), time.gmtime(time.time() + seconds), f"O = {kind}" if kind else "CN = R1")


@pytest.mark.parametrize(
    ("certificate", "kind", "reason"),
    [
        (None, STAND_IN, "there is none"),
        (made(), STAND_IN, None),
        (made(seconds=0.0), STAND_IN, "it has expired"),
        (made(seconds=3.0 * DAY), STAND_IN, "it will soon expire"),
        (made(domains=["a.example.com"]), STAND_IN, "it is for a.example.com"),
        # One of the CA's serves on, even for other names, and to its last hour.
        (made("", 3600.0, ["x.example.com"]), STAND_IN, None),
        (made("", -60.0), STAND_IN, "it has expired"),
        (made(), SELF_SIGNED, "it was not made here"),
        (made(""), SELF_SIGNED, "it was not made here"),
        (made(SELF_SIGNED, 31.0 * DAY), SELF_SIGNED, None),
        (made(SELF_SIGNED, 29.0 * DAY), SELF_SIGNED, "it will soon expire"),
    ],
)
def test_reason_to_make(certificate: X509 | None, kind: str, reason: str | None) -> None:
    assert reason_to_make(certificate, REQUEST, kind) == reason


def test_what_is_served() -> None:
    assert served_texts(REQUEST, b"chain", b"key") == [b"chainkey"]
    assert [path.name for path in REQUEST.files] == ["combined.pem"]
    direct = CertificateRequest("shop", ["example.com"], group="asgi-shop")
    assert served_texts(direct, b"chain", b"key") == [b"chain", b"key"]
    assert [path.name for path in direct.files] == ["fullchain.pem", "privkey.pem"]
    assert CertificateRequest("shop", ["*.example.com", "example.com"]).served_names == ["example.com"]
    assert CertificateRequest("shop", ["*.example.com"]).served_names == ["asgi-probe.example.com"], (
        "one that it stands for"
    )
    mixed = CertificateRequest("shop", ["10.0.0.1", "a.example.com", "b.example.com", "2001:db8::1"])
    assert mixed.served_names == ["a.example.com", "10.0.0.1"] and mixed.addresses == ["10.0.0.1", "2001:db8::1"]


@pytest.mark.parametrize(
    ("name", "address", "host"),
    [
        ("shop.example.com", False, "shop.example.com"),
        ("192.0.2.1", True, "192.0.2.1"),
        ("2001:db8::1", True, "[2001:db8::1]"),
        ("192.0.2.256", False, "192.0.2.256"),
        ("*.example.com", False, "*.example.com"),
    ],
)
def test_addresses(name: str, address: bool, host: str) -> None:
    assert is_address(name) is address and in_url(name) == host


def test_finding_of_an_address() -> None:
    assert reachability_error("192.0.2.1", ["192.0.2.1"], ["192.0.2.1"], None) is None
    text = str(reachability_error("2001:db8::1", ["2001:db8::1"], [], "with status 404"))
    assert "2001:db8::1 is no address of this host (behind NAT that may be right)" in text
    assert "http://[2001:db8::1]/ on port 80 answers with status 404" in text


ASKED: RequestKey = {"server": CA, "domains": ["a.example.com"]}
WAIT: LastAttempt = {"ok": False, "wait": {"until": "2026-11-22T20:00:00Z", "asked": ASKED}}


@pytest.mark.parametrize(
    ("last", "asked", "now", "until"),
    [
        pytest.param(WAIT, ASKED, 1795377599.0, "2026-11-22T20:00:00Z", id="before"),
        pytest.param(WAIT, ASKED, 1795377600.0, None, id="after"),
        pytest.param(WAIT, {**ASKED, "server": "https://staging"}, 1795377599.0, None, id="another CA"),
        pytest.param(WAIT, {**ASKED, "domains": ["b.example.com"]}, 1795377599.0, None, id="other names"),
        pytest.param({"ok": True}, ASKED, 0.0, None, id="no limit"),
        pytest.param(None, ASKED, 0.0, None, id="never asked"),
    ],
)
def test_a_ca_that_said_when_is_not_asked_before(
    last: LastAttempt | None, asked: RequestKey, now: float, until: str | None
) -> None:
    assert wait_until(last, asked, now) == until


@pytest.mark.parametrize(
    ("addresses", "own", "probe", "parts"),
    [
        pytest.param(["192.0.2.1"], ["192.0.2.1"], None, [], id="all is right"),
        pytest.param([], [], None, ["a.example.com has no address"], id="no address"),
        pytest.param(
            ["192.0.2.1", "192.0.2.9"],
            ["192.0.2.1"],
            None,
            ["resolves to 192.0.2.9, which is no address"],
            id="foreign",
        ),
        pytest.param(
            ["192.0.2.1"],
            ["192.0.2.1"],
            "with status 404",
            ["http://a.example.com/ on port 80 answers with"],
            id="probe",
        ),
        pytest.param(["192.0.2.9"], [], "not (timed out)", ["192.0.2.9", "NAT", "answers not (timed out)"], id="both"),
    ],
)
def test_finding(addresses: list[str], own: list[str], probe: str | None, parts: list[str]) -> None:
    text = reachability_error("a.example.com", addresses, own, probe)
    assert (text is None) == (not parts)
    assert all(part in str(text) for part in parts)


def test_status() -> None:
    last: LastAttempt = {"at": "2026-01-01T00:00:00Z", "ok": False, "text": "…"}
    served = made()
    assert certificate_status(REQUEST, served, last) == {
        "name": "shop",
        "domains": ["b.example.com", "a.example.com"],
        "source": "stand-in",
        "issuer": f"O = {STAND_IN}",
        "not_after": time.strftime(MOMENT, served.ends) if served.ends else None,
        "days_left": 7.0,
        "last": last,
    }
    assert certificate_status(REQUEST, made(""), None)["source"] == "acme"
    assert certificate_status(REQUEST, None, None)["not_after"] is None
