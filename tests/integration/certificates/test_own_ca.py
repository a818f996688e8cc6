"""Certificates of a CA of today: addresses, profiles, advice on renewal, limits, records by a DNS provider's plugin."""

from __future__ import annotations

import base64
import datetime
import secrets
import ssl
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.clients import https
from tests.integration.certificates.site import APT, COMBINED, FOLDER, Secure
from tests.integration.certificates.test_certificates import OLDER, secure_site
from tests.integration.hosts import DOMAIN, LAB
from tests.integration.release.test_releases import traffic
from tests.lab.ca import Authority, Options

__all__ = ["secure_site"]  # the fixture `site`

# With connections of their own: what a reload does to others, `test_a_renewal_loses_no_request` checks.
FRESH = {"new": 3, "websocket": 1, "get": 0, "post": 0, "http2": 0}


def started(site: Secure, **options: Any) -> tuple[Secure, Authority]:
    """Return the site as visitors see it who trust the CA, and the CA; other options restart it."""
    authority = LAB.authority(Options(**options))
    authority.refuse_orders(0)
    return replace(site, root=authority.root), authority


def test_a_visitor_who_says_no_name_gets_the_certificate_of_the_address(site: Secure) -> None:
    """Where no site has an address, a visitor who says no name in TLS is shown none."""
    with pytest.raises(ssl.SSLError):
        site.shown(None)


@OLDER
def test_an_address_and_a_profile(site: Secure) -> None:
    site, authority = started(site)
    site.forget()
    address = site.host.address
    names: dict[str, Any] = {
        "certificate_directory": authority.directory,
        "certificate_profile": "shortlived",
        "domains": [site.domain, address],
    }
    run = site.playbook(**names).ok()
    assert "WARNING" not in run.output, run.output
    order = authority.orders(site.domain)[-1]
    assert order["profile"] == "shortlived"
    assert {"type": "ip", "value": address} in order["identifiers"]
    assert 5.9 < site.status()["days_left"] <= 6

    context = ssl.create_default_context(cafile=str(authority.root))
    with httpx.Client(verify=context, trust_env=False, timeout=60) as client:
        # For an address no name is said in TLS, and the certificate is checked for it.
        assert client.get(f"https://{address}/version").json()["version"] == "1.0.0"
        assert client.get(f"http://{address}/x").headers["Location"] == f"https://{address}/x"
        assert client.get(f"https://{address}/version", headers={"Host": "unknown.test"}).status_code == 421
    assert site.version()["version"] == "1.0.0"
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        site.shown("unknown.test")
    site.renew()  # which checks what is shown by name and by address
    assert site.playbook(**names).ok().counts(site.host.name)["changed"] == 0

    # The CA advises the fifth day of the six.
    before = site.shown()
    with site.later("+2d"):
        site.renew()
    assert site.shown() == before
    with site.later("+123h"), traffic([site], **FRESH):
        site.timer_fires()
        time.sleep(2)
    assert site.shown() != before and site.shown(None) == site.shown()
    assert {"type": "ip", "value": address} in authority.orders(site.domain)[-1]["identifiers"]

    run = site.playbook(certificate_directory=authority.directory, certificate_profile="classic").ok()
    assert "WARNING" not in run.output and authority.orders(site.domain)[-1]["profile"] == "classic", run.output
    with pytest.raises(ssl.SSLError):
        site.shown(None)


def test_a_profile_that_the_ca_does_not_have(site: Secure) -> None:
    site, authority = started(site)
    site.forget()
    site.playbook(certificate_directory=authority.directory).ok()
    run = site.playbook(certificate_directory=authority.directory, certificate_profile="tlsclient").ok()
    assert "Likely reason: the CA does not offer this certificate_profile" in run.output, run.output
    assert "The former one is still served" in run.output
    assert site.version()["version"] == "1.0.0"


def test_nonces_that_the_ca_refuses(site: Secure) -> None:
    """One in twenty by default, which is nothing to report; when it is all of them, what is there is served on."""
    site, authority = started(site)
    site.forget()
    site.playbook(certificate_directory=authority.directory).ok()
    before = site.shown()
    site, authority = started(site, nonce_reject=100)
    changes: dict[str, Any] = {"domains": [site.domain, f"other.{site.domain}"]}
    run = site.playbook(certificate_directory=authority.directory, **changes).ok()
    assert "Likely reason: the CA refused its own nonces several times" in run.output, run.output
    assert "The former one is still served" in run.output
    assert site.shown() == before


def test_sixty_days_later_the_timer_renews(site: Secure) -> None:
    site, authority = started(site)
    site.forget()
    run = site.playbook(certificate_directory=authority.directory, certificate_profile="classic").ok()
    assert "WARNING" not in run.output, run.output
    before, orders = site.shown(), len(authority.orders(site.domain))
    with site.later("+57d"):
        site.timer_fires()
    assert site.shown() == before and len(authority.orders(site.domain)) == orders
    with site.later("+62d"), traffic([site], **FRESH):
        site.timer_fires()
        time.sleep(2)
    assert site.shown() != before
    assert (
        len(authority.orders(site.domain)) == orders + 1 and authority.orders(site.domain)[-1]["profile"] == "classic"
    )


def test_the_ca_advises_to_renew_now(site: Secure) -> None:
    site, authority = started(site)
    site.forget()
    site.playbook(certificate_directory=authority.directory, certificate_profile="classic").ok()
    before, orders = site.shown(), len(authority.orders(site.domain))
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    site.renew()
    leaf = site.host.run(f"openssl x509 -in {COMBINED}").stdout
    authority.advise(leaf, now - 2 * hour, now - hour)
    site.renew()
    assert len(authority.orders(site.domain)) == orders, (
        "the CA said to ask for advice again in six hours, and not before"
    )
    with site.later("+7h"):
        site.renew()
    assert len(authority.orders(site.domain)) == orders + 1
    assert site.shown() != before


def test_a_limit_is_reported_and_kept(site: Secure) -> None:
    site, authority = started(site)
    changes: dict[str, Any] = {"certificate_directory": authority.directory, "certificate_profile": "classic"}
    site.playbook(**changes).ok()
    before = site.shown()
    changes["domains"] = [site.domain, f"other.{site.domain}"]
    authority.refuse_orders(7200)
    run = site.playbook(**changes).ok()
    assert authority.orders(site.domain)[-1]["status"] == 429
    until = site.status()["last"]["wait"]["until"]
    for text in (
        "Likely reason: the CA's rate limit is reached; "
        f"the next request follows after {until.replace('T', ' ')[:-1]} UTC",
        "The former one is still served",
        "too many certificates (5) already issued",
    ):
        assert text in run.output, run.output
    orders = len(authority.orders(site.domain))
    log = site.renew(fails=True)
    assert "the next request follows after" in log
    assert "the CA's rate limit was reached before" in site.playbook(**changes).ok().output
    assert len(authority.orders(site.domain)) == orders, "nothing was asked before it is time"
    assert site.shown() == before

    # What was not asked before is asked: the limit was for those names.
    authority.refuse_orders(0)
    with site.later("+3h"):
        site.renew()
    assert len(authority.orders(site.domain)) == orders + 1
    assert https.get(f"other.{site.domain}", site.host.address, site.root, "/version").status_code == 200
    assert "wait" not in site.status()["last"]


NAMED = """\
options {{ directory "/var/cache/bind"; listen-on {{ {address}; }}; recursion no; dnssec-validation no; }};
key "asgi-deploy" {{ algorithm hmac-sha512; secret "{secret}"; }};
zone "{zone}" {{
  type primary;
  file "/var/lib/bind/lab.zone";
  update-policy {{ grant asgi-deploy subdomain {zone} TXT; }};
}};
"""
ZONE = "$TTL 60\n@ IN SOA ns.{zone}. ops.{zone}. 1 3600 600 86400 60\n@ IN NS ns.{zone}.\nns IN A {address}\n"


def test_records_by_a_name_server_of_ones_own(site: Secure, request: pytest.FixtureRequest) -> None:
    """RFC 2136 against BIND, which the CA asks: certbot's plugin is installed, and only it gets the key."""
    address, zone, host = site.host.address, DOMAIN, site.host
    request.addfinalizer(lambda: host.run("systemctl disable --now --quiet named"))
    secret = base64.b64encode(secrets.token_bytes(64)).decode()
    site.host.run(f"command -v named >/dev/null || {APT} bind9 bind9-dnsutils", timeout=240)
    site.host.run("cat >/etc/bind/named.conf", stdin=NAMED.format(address=address, secret=secret, zone=zone))
    text = ZONE.format(zone=zone, address=address)
    site.host.run("rm -f /var/lib/bind/lab.zone*; cat >/var/lib/bind/lab.zone", stdin=text)
    site.host.run("chown bind:bind /var/lib/bind /var/lib/bind/lab.zone && systemctl restart named")
    site, authority = started(site, dns=f"{address}:53")
    site.forget()

    def variables(key: str) -> dict[str, Any]:
        credentials = {"server": address, "name": "asgi-deploy", "secret": key, "algorithm": "HMAC-SHA512"}
        return {
            "domains": [site.domain, f"*.{site.domain}"],
            "certificate_directory": authority.directory,
            "certificate_challenge": "dns",
            "certificate_dns_plugin": {"name": "rfc2136", "credentials": credentials, "propagation": 1},
        }

    errors = base64.b64encode(secrets.token_bytes(64)).decode()
    run = site.playbook("--diff", **variables(errors)).ok()
    assert "Likely reason: the DNS provider refused the record" in run.output, run.output
    assert "The former one is still served" in run.output and errors not in run.output

    run = site.playbook("--diff", "-vv", **variables(secret)).ok()
    assert "[WARNING]: secure:" not in run.output, run.output
    assert secret not in run.output
    assert https.get(f"any.{site.domain}", address, site.root, "/version").status_code == 200
    assert site.host.run(f"stat -c %a:%U {FOLDER}/dns.ini").stdout == "600:root\n"
    # The key is read from a file: sudo logs command lines, those of the tests too.
    places = "/etc/asgi-deploy /etc/systemd /run/systemd /var/log /var/lib/asgi-deploy"
    assert site.host.run(f"grep -rlF -f - {places}", stdin=f"{secret}\n").stdout == f"{FOLDER}/dns.ini\n"
    # No record stays behind.
    actual = site.host.run(f"dig +short @{address} TXT _acme-challenge.{site.domain}").stdout
    assert not actual, actual
    assert site.playbook(**variables(secret)).ok().counts(site.host.name)["changed"] == 0

    # BIND does not listen to who lives in another time, so it is not the clock that is moved on.
    before = site.shown()
    site.host.run("sed -i '1i renew_before_expiry = 3650 days' /var/lib/asgi-deploy/certbot/renewal/secure.conf")
    site.renew()
    assert site.shown() != before

    site.playbook(certificate_source="self-signed").ok()
    assert not site.host.run(f"ls {FOLDER}/dns.ini", check=False).stdout
