"""Options of the role certificate: what is accepted, and the errors of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.wheelhouse import pinned
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.options import PROVIDERS, certbot_locks
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan import dns_credentials
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

HMAC = "c2VjcmV0LWtleS1vZi0xNg"
HOOKS = {"auth": "/bin/true"}
WILDCARD = ["example.com", "*.example.com"]
PLUGIN = {"name": "cloudflare", "credentials": {"api_token": "hush-hush"}}


def dns(plugin: dict[str, Any]) -> dict[str, Any]:
    return {"certificate_challenge": "dns", "certificate_dns_plugin": plugin}


@pytest.mark.parametrize(
    "options",
    [
        {"certificate_directory": "staging"},
        {"certificate_directory": "https://ca.example.com:14000/acme/directory"},
        {"certificate_account": {"key_id": "kid-1", "hmac_key": HMAC}},
        {"certificate_profile": "shortlived", "certificate_key_type": "rsa"},
        {"certificate_challenge": "dns", "certificate_dns_hooks": HOOKS, "domains": WILDCARD},
        {**dns(PLUGIN), "domains": WILDCARD},
        dns({"name": "route53"}),
        dns({"name": "google", "credentials": {"service_account": '{"type": "service_account"}\n'}}),
        dns(
            {
                "name": "rfc2136",
                "credentials": {"server": "192.0.2.53", "name": "k", "secret": "c2VjcmV0", "port": 5353},
            }
        ),
        {"domains": ["9.9.9.9", "2620:fe::9"], "certificate_profile": "shortlived"},
        {"domains": ["10.0.0.5"], "certificate_directory": "https://ca.example.com/dir"},
        {"domains": ["10.0.0.5"], "certificate_source": "self-signed", "certificate_email": None},
        {"certificate_source": "self-signed", "certificate_email": None, "domains": WILDCARD},
        {"tls": {"certificate": __file__, "key": __file__}, "certificate_email": None, "domains": WILDCARD},
    ],
)
def test_correct_options_have_no_errors(inventory: dict[str, Any], options: dict[str, Any]) -> None:
    assert inventory_errors(changed(inventory, options), {__file__: {"content": ""}}) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"certificate_directory": "stagin"}, "certificate_directory: found 'stagin', expected production, staging or"),
        ({"certificate_directory": "http://ca.example.com"}, "certificate_directory: found 'http://ca.example.com'"),
        (
            {"certificate_source": "selfsigned"},
            "certificate_source: found 'selfsigned', expected one of acme, self-sig",
        ),
        ({"certificate_key_type": "dsa"}, "certificate_key_type: found 'dsa', expected one of ecdsa, rsa"),
        ({"certificate_profile": "short lived"}, "certificate_profile: found 'short lived', expected a name"),
        ({"certificate_account": {"key_id": "kid"}}, "certificate_account.hmac_key: is missing"),
        (
            {"certificate_account": {"kid": "a", "key_id": "kid", "hmac_key": HMAC}},
            "certificate_account.kid: is not an",
        ),
        ({"certificate_account": {"key_id": "k d", "hmac_key": HMAC}}, "certificate_account.key_id: is no key's name"),
        (
            {"certificate_account": {"key_id": "kid", "hmac_key": "not base64!"}},
            "certificate_account.hmac_key: is no key",
        ),
        ({"certificate_challenge": "dns-01"}, "certificate_challenge: found 'dns-01', expected one of http, dns"),
        ({"certificate_challenge": "dns"}, "certificate_dns_plugin: is missing; with certificate_challenge: dns"),
        ({"certificate_dns_plugin": PLUGIN}, "certificate_dns_plugin: is given without certificate_challenge: dns"),
        (
            {"certificate_challenge": "dns", "certificate_dns_plugin": PLUGIN, "certificate_dns_hooks": HOOKS},
            "certificate_dns_hooks: is given with certificate_dns_plugin; leave out one",
        ),
        (dns({"name": "clodflare"}), "certificate_dns_plugin.name: found 'clodflare', expected one of cloudflare,"),
        (dns({**PLUGIN, "propagation": 4000}), "certificate_dns_plugin.propagation: found 4000, expected 0 to 3600"),
        (dns({**PLUGIN, "wait": 5}), "certificate_dns_plugin.wait: is not an option"),
        (
            dns({"name": "cloudflare"}),
            "certificate_dns_plugin: credentials: found none, expected for cloudflare {api_token: …} or {email",
        ),
        (
            dns({"name": "cloudflare", "credentials": {"token": "x"}}),
            "certificate_dns_plugin: credentials: found token, expected for cloudflare {api_token: …}",
        ),
        (
            dns({"name": "rfc2136", "credentials": {"server": "192.0.2.53", "name": "k"}}),
            "certificate_dns_plugin: credentials: found name, server, expected for rfc2136 {server: …, name: …, "
            "secret: …}, with port, algorithm, sign_query where needed",
        ),
        (
            dns({"name": "route53", "credentials": {"access_key_id": "x"}}),
            "certificate_dns_plugin: credentials: found access_key_id, expected for route53 {access_key_id: …, secret_",
        ),
        (
            dns({"name": "linode", "credentials": {"key": "a\nb"}}),
            "certificate_dns_plugin: credentials: key: expected text in one line",
        ),
        (
            dns({"name": "linode", "credentials": {"key": "%(home)s"}}),
            "certificate_dns_plugin: credentials: key: expected text in one line",
        ),
        (
            dns({"name": "linode", "credentials": ["a"]}),
            "certificate_dns_plugin.credentials: found a value that is not",
        ),
        ({"domains": ["9.9.9.9"]}, "certificate_profile: is missing; Let's Encrypt gives certificates for addresses"),
        (
            {"domains": ["9.9.9.9"], "certificate_profile": "classic", "certificate_directory": "staging"},
            "certificate_profile: found 'classic'; Let's Encrypt gives certificates for addresses, as 9.9.9.9 of",
        ),
        (
            {"domains": ["10.0.0.5"], "certificate_profile": "shortlived"},
            "asgi_apps[0] (shop).domains: found '10.0.0.5', which is no public address, so that Let's Encrypt gives no",
        ),
        (
            {**dns(PLUGIN), "domains": ["a.example.com", "9.9.9.9"]},
            "asgi_apps[0] (shop).domains: found '9.9.9.9'; a CA checks an address only by HTTP: leave out",
        ),
        (
            {"site": {"redirect_from": ["2620:fe::9"]}},
            "certificate_profile: is missing; Let's Encrypt gives certificates for addresses, as 2620:fe::9 of",
        ),
        ({"certificate_dns_hooks": HOOKS}, "certificate_dns_hooks: is given without certificate_challenge: dns"),
        (
            {"certificate_challenge": "dns", "certificate_dns_hooks": {"auth": "/nowhere"}},
            "certificate_dns_hooks.auth: found '/nowhere', which is no file on the controller",
        ),
        (
            {"certificate_challenge": "dns", "certificate_dns_hooks": {"auth": __file__}},
            f"certificate_dns_hooks.auth: found {__file__!r}, which is no program",
        ),
        ({"domains": WILDCARD}, "asgi_apps[0] (shop).domains: found '*.example.com'; a CA gives a certificate for a"),
        ({"domains": "example.com, *.example.com"}, "asgi_apps[0] (shop).domains: found '*.example.com'; a CA gives a"),
        (
            {"site": {"redirect_from": ["*.example.net"]}},
            "asgi_apps[0] (shop).domains: found '*.example.net'; a CA gives a certificate for a wildcard",
        ),
        ({"domains": 5}, "asgi_apps[0] (shop).domains: found"),
        ({"domains": WILDCARD[::-1]}, "asgi_apps[0] (shop).domains: found '*.example.com' in the first place"),
        ({"domains": ["a.example.com", "b.*.example.com"]}, "asgi_apps[0] (shop).domains: found 'b.*.example.com'"),
        ({"tls": {"certificate": __file__}}, "asgi_apps[0] (shop).tls.key: is missing; a certificate and its key"),
        ({"tls": {"key": __file__}}, "asgi_apps[0] (shop).tls.certificate: is missing; a certificate and its key"),
    ],
)
def test_wrong_options_are_reported(inventory: dict[str, Any], options: dict[str, Any], error: str) -> None:
    errors = inventory_errors(changed(inventory, options))
    assert [text for text in errors if text.startswith(error)], errors


def test_each_provider_is_a_choice_and_is_pinned() -> None:
    options = role_options("certificate")["certificate_dns_plugin"]["options"]
    assert options["name"]["choices"] == sorted(PROVIDERS)
    (certbot,) = (pinned(lock.read_text(encoding="utf-8"))["certbot"] for lock in certbot_locks(None))
    for name in PROVIDERS:
        _, lock = certbot_locks(name)
        # Its own file holds nothing that certbot's has in another version.
        assert pinned(lock.read_text(encoding="utf-8"))[f"certbot-dns-{name}"] == certbot
        assert "certbot" not in pinned(lock.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("plugin", "text"),
    [
        ({"name": "cloudflare", "credentials": {"api_token": "a,b#c"}}, 'dns_cloudflare_api_token = "a,b#c"\n'),
        (
            {"name": "rfc2136", "credentials": {"server": "192.0.2.53", "port": 53, "secret": 'a"b'}},
            'dns_rfc2136_server = "192.0.2.53"\ndns_rfc2136_port = "53"\ndns_rfc2136_secret = \'a"b\'\n',
        ),
        (
            {"name": "route53", "credentials": {"access_key_id": "AK", "secret_access_key": "s/k"}},
            "[default]\naws_access_key_id = AK\naws_secret_access_key = s/k\n",
        ),
        ({"name": "google", "credentials": {"service_account": '{"a": 1}'}}, '{"a": 1}'),
        ({"name": "google", "credentials": None}, ""),
        (None, ""),
    ],
)
def test_credentials_as_the_plugin_reads_them(plugin: Any, text: str) -> None:
    assert dns_credentials(plugin) == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"certificate_account": {"key_id": "kid", "hmac_key": "hush hush"}},
        dns({"name": "cloudflare", "credentials": {"token": "hush"}}),
        dns({"name": "cloudflare", "credentials": {"api_token": "hush\n"}}),
        dns({"name": "cloudflare", "credentials": ["hush"]}),
    ],
)
def test_secret_is_not_in_a_message(inventory: dict[str, Any], wrong: dict[str, Any]) -> None:
    errors = inventory_errors({**inventory, **wrong})
    assert errors and "hush" not in str(errors)


def changed(inventory: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return the inventory with options of its own, and those of its application."""
    own = {key: value for key, value in options.items() if key.startswith("certificate_")}
    (app,) = inventory["asgi_apps"]
    return {**inventory, **own, "asgi_apps": [{**app, **{key: options[key] for key in options.keys() - own.keys()}}]}
