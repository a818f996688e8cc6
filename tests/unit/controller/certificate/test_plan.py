"""The plan of a certificate: its issuer, the challenge, and what the host records."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan import certificate_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan_types import CertificatePlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options

PLUGIN = {"name": "ovh", "credentials": {"endpoint": "ovh-eu", "application_key": "k"}}
DEBIAN: Any = {"distribution": "Debian", "distribution_major_version": "13"}
GIVEN = {"certificate": "chain.pem", "key": "key.pem"}


def plan(**options: Any) -> CertificatePlan:
    arguments: dict[str, Any] = {"certificate_name": "shop", "certificate_domains": ["shop.example.com"]}
    arguments |= {f"certificate_{name}": value for name, value in options.items()}
    resolved, errors = resolve(role_options("certificate"), arguments)
    assert not errors
    named: Any = {name.removeprefix("certificate_"): value for name, value in resolved.items()}
    return certificate_plan(named, DEBIAN)


@pytest.mark.parametrize(
    ("options", "source", "authenticator"),
    [
        pytest.param({}, "acme", "webroot", id="nginx answers"),
        pytest.param({"served": {"group": "asgi-shop"}}, "acme", "standalone", id="certbot answers"),
        pytest.param({"challenge": "dns", "dns_plugin": PLUGIN}, "acme", "dns-ovh", id="provider"),
        pytest.param({"challenge": "dns", "dns_hooks": {"auth": "add"}}, "acme", "manual", id="programs"),
        pytest.param({"source": "self-signed"}, "self-signed", "webroot", id="self-signed"),
        pytest.param({"given": GIVEN}, "given", "webroot", id="given"),
        pytest.param({"given": GIVEN, "source": "self-signed"}, "given", "webroot", id="given for all the same"),
    ],
)
def test_options_decide_source_and_authenticator(options: dict[str, Any], source: str, authenticator: str) -> None:
    actual = plan(**options)
    assert (actual["source"], actual["by_ca"], actual["authenticator"]) == (source, source == "acme", authenticator)
    # What the host compares with what it has; without a CA nothing is renewed.
    assert actual["requested"]["renewal"] == (actual["renewal"] if source == "acme" else {})
    assert ("python3-venv" in actual["packages"]) == (source == "acme")


@pytest.mark.parametrize(
    ("directory", "server"),
    [
        ("production", "https://acme-v02.api.letsencrypt.org/directory"),
        ("staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
        ("https://ca.example.com/acme", "https://ca.example.com/acme"),
    ],
)
def test_word_for_a_directory_becomes_its_address(directory: str, server: str) -> None:
    assert plan(directory=directory)["renewal"]["server"] == server


def test_programs_write_into_the_dns_without_a_plugin() -> None:
    assert plan(challenge="dns", dns_hooks={"auth": "add", "cleanup": "remove"})["hooks"] == {
        "auth": "add",
        "cleanup": "remove",
    }
    nothing = {"auth": None, "cleanup": None}
    assert plan(challenge="dns", dns_plugin=PLUGIN)["hooks"] == nothing
    assert plan(dns_hooks={"auth": "add"})["hooks"] == nothing


def test_certificate_without_a_ca_has_no_credentials() -> None:
    assert "ovh-eu" in plan(challenge="dns", dns_plugin=PLUGIN)["credentials"]
    assert plan(challenge="dns", dns_plugin=PLUGIN, given=GIVEN)["credentials"] == ""
    assert "ovh-eu" not in str(plan(challenge="dns", dns_plugin=PLUGIN)["requested"])
