"""Certificates: whatever the CA does, the site serves, and what is reported is right."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.clients import https
from tests.integration import pki
from tests.integration.certificates.site import APT, CERTBOT, COMBINED, FOLDER, INVENTORY, RENEWAL, Secure
from tests.integration.conftest import web
from tests.integration.hosts import DOMAIN, HOSTS, LAB, PKI, SIDE, SIDE2, playbook
from tests.integration.release.test_releases import traffic

HERE = Path(__file__).parent
NAME = f"secure.{DOMAIN}"
STATE = "/var/lib/asgi-deploy/certbot"
NO_CA = "https://198.18.0.1:14099/directory"  # nothing listens there
# nginx closes kept connections at a reload, even if a visitor is just about to ask on one; these keep none.
VISITORS = {"http2": 0, "get": 0, "post": 0, "new": 3}
# Debian 13, but where this says Debian 12, or both; `make matrix SCENARIOS=certificates` runs all of it on each.
BOTH = pytest.mark.parametrize("site", [SIDE, SIDE2], indirect=True)
OLDER = pytest.mark.parametrize("site", [SIDE2], indirect=True)


@pytest.fixture(name="site")
def secure_site(request: pytest.FixtureRequest) -> Secure:
    host = getattr(request, "param", SIDE)
    return web(host, {SIDE: "secure", SIDE2: "secure2"}[host], "secure", Secure)


@OLDER
def test_the_first_run_without_a_ca_serves_a_stand_in_that_gives_way(site: Secure) -> None:
    site.forget()
    site.host.run(f"rm -f {COMBINED}")
    run = site.playbook(certificate_directory=NO_CA).ok()
    assert run.counts(site.host.name)["changed"] > 0
    for text in (
        f"[WARNING]: secure: the CA issued no certificate for {site.label}.",
        "a self-signed stand-in is served, WHICH NO BROWSER TRUSTS",
        "Likely reason: the CA's directory does not answer",
        f"Seen from this host: {site.domain} has no address",
        "Certbot says:",
        "port=14099",
    ):
        assert text in run.output, run.output
    assert "O = asgi.deploy stand-in that nobody trusts" in site.shown().replace("O=", "O = ")
    assert site.status()["source"] == "stand-in" and not site.status()["last"]["ok"]

    assert site.host.run(f"systemctl start {RENEWAL}", check=False).returncode != 0
    log = site.host.run(f"journalctl --no-pager --unit={RENEWAL} --lines=30").stdout
    assert "Likely reason: the CA's directory does not answer" in log

    # The CA is back, at the address where it was asked: the timer's service is enough.
    site.host.run(f"sed -i 's#{NO_CA}#{LAB.acme_directory}#' {FOLDER}/wanted.json {FOLDER}/certbot.ini")
    site.host.run(f"systemctl start {RENEWAL}")
    assert site.version()["version"] == "1.0.0", "trusted, by the CA's root"
    assert site.status()["source"] == "acme" and site.status()["last"]["ok"]
    assert 89 < site.status()["days_left"] <= 90


@BOTH
def test_a_renewal_loses_no_request(site: Secure) -> None:
    before = site.shown()
    with traffic([site], **VISITORS):
        site.host.run(f"{CERTBOT} renew --cert-name=secure --force-renewal --quiet --no-random-sleep-on-renew")
        time.sleep(2)
    assert site.shown() != before
    site.host.run(f"systemctl start {RENEWAL}")


@BOTH
def test_a_renewal_that_fails_keeps_what_serves(site: Secure) -> None:
    before, conf = site.shown(), "/var/lib/asgi-deploy/certbot/renewal/secure.conf"
    early = site.edited(conf, f"s#^server = .*#server = {NO_CA}#; 1i renew_before_expiry = 3650 days")
    requested = site.edited(f"{FOLDER}/wanted.json", f"s#{LAB.acme_directory}#{NO_CA}#")
    with early, requested, site.edited(f"{FOLDER}/certbot.ini", f"s#{LAB.acme_directory}#{NO_CA}#"):
        assert site.host.run(f"systemctl start {RENEWAL}", check=False).returncode != 0
    assert site.shown() == before
    assert site.status()["source"] == "acme" and "The former one is still served" in site.status()["last"]["text"]


FORMER = f"""\
set -e
mkdir -p /etc/letsencrypt/renewal-hooks/pre
cp -a {STATE}/live {STATE}/archive {STATE}/renewal {STATE}/accounts /etc/letsencrypt/
sed -i 's#{STATE}/#/etc/letsencrypt/#; /_dir = .*certbot/d' /etc/letsencrypt/renewal/*.conf
rm -r {STATE}/live/secure {STATE}/archive/secure {STATE}/renewal/secure.conf
"""


def test_what_a_former_version_kept_elsewhere_is_taken_over_without_an_order(site: Secure) -> None:
    """By the timer's service, and by a run likewise: it serves before and after, and renews."""
    before = site.shown()
    site.host.run(FORMER)
    try:
        site.host.run(f"systemctl start {RENEWAL}")
        assert site.shown() == before
        assert site.host.run(
            "ls /etc/letsencrypt/renewal/secure.conf /etc/letsencrypt/live/secure", check=False
        ).returncode
        site.host.run(f"{CERTBOT} renew --cert-name=secure --force-renewal --quiet --no-random-sleep-on-renew")
        assert site.shown() != before
    finally:
        site.host.run("rm -rf /etc/letsencrypt")


def test_a_clock_that_is_far_off_is_named(site: Secure) -> None:
    """Years ago the certificate of the CA's own HTTPS was not valid yet."""
    early = site.edited(f"{STATE}/renewal/secure.conf", "1i renew_before_expiry = 36500 days")
    before = site.shown()
    with early, site.later("-3650d"):
        log = site.renew(fails=True)
    assert "the CA's own certificate is not valid now. This host's clock says 201" in log, log
    assert site.shown() == before
    site.host.run(f"systemctl start {RENEWAL}")


def test_what_is_served_is_compared_with_what_is_on_disk(site: Secure) -> None:
    """nginx holds another certificate than the file, as after a reload that did not come about."""
    with site.edited(COMBINED, ""):
        other = "openssl req -x509 -newkey rsa:2048 -noenc -subj /CN=other -keyout /tmp/key -out /tmp/cert 2>/dev/null"
        site.host.run(f"{other} && cat /tmp/cert /tmp/key >{COMBINED} && systemctl reload nginx")
        deadline = time.monotonic() + 10
        while "CN=other" not in site.shown().replace(" = ", "=") and time.monotonic() < deadline:
            time.sleep(0.2)
    assert site.host.run(f"systemctl start {RENEWAL}", check=False).returncode != 0
    log = site.host.run(f"journalctl --no-pager --unit={RENEWAL} --lines=5").stdout
    assert f"{site.domain} on port 443: another certificate is served, not the one in {COMBINED}" in log
    site.host.run(f"systemctl reload nginx && systemctl start {RENEWAL}")


def test_another_name_is_another_certificate_though_the_ca_forgot_the_account(site: Secure) -> None:
    site.host.run(
        "sed -i 's#my-account/[^\"]*#my-account/forgotten#' /var/lib/asgi-deploy/certbot/accounts/*/*/*/regr.json"
    )
    with traffic([site], **VISITORS):
        run = site.playbook(domains=[NAME, f"other.{NAME}"]).ok()
        time.sleep(2)
    assert f"it is for {NAME}" in run.output and "WARNING" not in run.output, run.output
    assert https.get(f"other.{NAME}", site.host.address, site.ca, "/version").status_code == 200
    assert site.host.run("ls /var/lib/asgi-deploy/certbot/accounts.lost").stdout.strip()


def test_a_name_that_leads_elsewhere_is_reported_and_harms_no_one(site: Secure) -> None:
    site.host.run(f"echo 198.18.0.1 nowhere.{NAME} >>/etc/hosts")
    run = site.playbook(domains=[NAME, f"nowhere.{NAME}"]).ok()
    site.host.run("sed -i '$d' /etc/hosts")
    for text in (
        "Likely reason: the CA finds no address",
        f"nowhere.{NAME} resolves to 198.18.0.1, which is no address of this host",
        f"http://nowhere.{NAME}/ on port 80 answers not (",
        "The former one is still served",
    ):
        assert text in run.output, run.output
    assert site.version()["version"] == "1.0.0"


@OLDER
def test_debians_certbot_with_a_certificate_of_the_same_name(site: Secure) -> None:
    """Each keeps its own, and neither sees the settings of the other; a run says that there is one."""
    host = site.host
    host.run(f"{APT} certbot", timeout=300)
    host.run("printf 'pre-hook = touch /run/theirs\\n' >/etc/letsencrypt/cli.ini")
    asked = f"certonly --non-interactive --agree-tos --email=ops@example.com --server={LAB.acme_directory}"
    own = f"--webroot --webroot-path=/var/lib/asgi-deploy/acme --domains={site.domain} --cert-name=theirs"
    trusted = "REQUESTS_CA_BUNDLE=/etc/asgi-deploy/acme-ca.pem certbot"
    try:
        host.run(f"{trusted} {asked} {own}", timeout=120)
        theirs, before = host.run("cat /etc/letsencrypt/live/theirs/cert.pem").stdout, site.shown()
        host.run(f"rm -f /run/theirs; {trusted} renew --force-renewal --no-random-sleep-on-renew", timeout=120)
        assert host.run("cat /etc/letsencrypt/live/theirs/cert.pem").stdout != theirs
        assert site.shown() == before, "it took ours"
        host.run("systemctl start --no-block certbot.service; rm -f /run/theirs")
        host.run(f"{CERTBOT} renew --cert-name=secure --force-renewal --quiet --no-random-sleep-on-renew", timeout=120)
        assert site.shown() != before
        assert host.run("ls /run/theirs", check=False).returncode, "ours ran their hook"
        site.forget()
        run = site.playbook().ok()
        assert f"another certbot of this host keeps a certificate for {site.domain}" in " ".join(run.output.split())
        assert "certbot delete --cert-name theirs" in run.output
    finally:
        host.run(f"{APT.replace('install --no-install-recommends', 'purge --yes')} certbot; rm -rf /etc/letsencrypt")


def test_a_wildcard_by_dns(site: Secure) -> None:
    hooks = {"auth": str(HERE / "dns_add.py"), "cleanup": str(HERE / "dns_remove.py")}
    run = site.playbook(
        domains=[NAME, f"*.{NAME}"],
        certificate_challenge="dns",
        certificate_dns_hooks=hooks,
        certificate_key_type="rsa",
        certificate_profile="tlsserver",
    ).ok()
    assert "WARNING" not in run.output, run.output
    assert https.get(f"any.{NAME}", site.host.address, site.ca, "/version").status_code == 200
    assert "Public Key Algorithm: rsaEncryption" in site.shown()
    assert site.host.run(f"stat -c %a:%U {FOLDER}/auth").stdout == "700:root\n"
    # This CA takes any profile; what certbot keeps decides whether the next run asks again.
    assert (
        site.host.run("grep -c '^required_profile = tlsserver' /var/lib/asgi-deploy/certbot/renewal/secure.conf").stdout
        == "1\n"
    )
    site.host.run(f"{CERTBOT} renew --cert-name=secure --force-renewal --quiet --no-random-sleep-on-renew")


def test_a_network_without_a_ca(site: Secure) -> None:
    run = site.playbook(certificate_source="self-signed", certificate_email=None).ok()
    assert "WARNING" not in run.output, run.output
    assert "asgi.deploy self-signed" in site.shown() and f"DNS:{NAME}" in site.shown()
    site.host.run(f"systemctl start {RENEWAL}")
    assert site.status()["source"] == "self-signed" and site.status()["days_left"] > 360


def test_a_given_certificate_serves_behind_nginx_and_is_replaced(site: Secure) -> None:
    options = web(SIDE, "given", "given", Secure)
    assert https.get(options.domain, site.host.address, PKI / "ca.pem", "/version").status_code == 200
    before, live = site.shown(options.domain), options.live()
    pki.issue(PKI, "given", options.domain)
    run = playbook("--diff", f"--limit={SIDE}", inventories=(HOSTS, INVENTORY)).ok()
    key = (PKI / "given.key").read_text().splitlines()[1]
    assert "a secret" in run.output and key not in run.output, run.output
    assert site.shown(options.domain) != before and options.live() == live
    assert site.host.run("stat -c %a:%U:%G /etc/asgi-deploy/tls/given/combined.pem").stdout == "600:root:root\n"
    assert site.status("given")["source"] == "given"
