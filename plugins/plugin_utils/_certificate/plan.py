"""The plan of a certificate. The rules for its options are in options.py."""

from __future__ import annotations

from typing import Literal

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    ACME_WEBROOT,
    CERTIFICATES,
    LIBRARY,
    PATHS,
    TLS,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import PACKAGE
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.options import DIRECTORIES, certbot_locks
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan_types import (
    CertificateOptions,
    CertificatePlan,
    DnsPluginOptions,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of

RENEWAL = "_host.certificates.renewal"  # below plugins/module_utils: what renews certificates on a host


def dns_credentials(plugin: DnsPluginOptions | None) -> str:
    """Return the text of the file of credentials that certbot's plugin reads.

    It has keys of certbot's own, or the format of AWS or Google.
    """
    if not plugin or not plugin["credentials"]:
        return ""
    name, credentials = plugin["name"], plugin["credentials"]
    if name == "google":
        return str(credentials["service_account"])
    if name == "route53":
        return "".join(["[default]\n", *(f"aws_{key} = {text}\n" for key, text in credentials.items())])
    lines = []
    for key, value in credentials.items():
        quote = "'" if '"' in str(value) else '"'
        lines.append(f"dns_{name}_{key} = {quote}{value}{quote}\n")
    return "".join(lines)


def certificate_plan(options: CertificateOptions, facts: Facts, environment: str = "") -> CertificatePlan:
    """Return the plan of one certificate.

    Args:
        options: the role's, by their names without its prefix.
        facts: the host's.
        environment: the text of a file with variables that certbot needs.

    Raises:
        ValueError: the host's system is not supported.
    """
    packages = platform_of(facts).packages
    source: Literal["acme", "self-signed", "given"] = "given" if options["given"] else options["source"]
    by_ca, by_dns = source == "acme", options["challenge"] == "dns"
    by_nginx = options["served"]["group"] is None
    plugin = options["dns_plugin"] if by_dns else None
    if by_dns:
        authenticator = f"dns-{plugin['name']}" if plugin else "manual"
    else:
        authenticator = "webroot" if by_nginx else "standalone"
    hooks = options["dns_hooks"] if authenticator == "manual" else None
    propagation = plugin["propagation"] if plugin else None
    renewal: dict[str, str | None] = {
        "server": DIRECTORIES.get(options["directory"], options["directory"]),
        "key_type": options["key_type"],
        "required_profile": options["profile"],
        "authenticator": authenticator,
    }
    if plugin:
        key = f"{authenticator.replace('-', '_')}_propagation_seconds"
        renewal[key] = None if propagation is None else str(propagation)
    return {
        **options,
        "source": source,
        "by_ca": by_ca,
        "by_nginx": by_nginx,
        "authenticator": authenticator,
        "propagation": propagation,
        "environment": environment,
        "credentials": dns_credentials(plugin) if by_ca else "",
        "hooks": {
            "auth": hooks["auth"] if hooks else None,
            "cleanup": hooks["cleanup"] if hooks else None,
        },
        "renewal": renewal,
        "packages": [packages.certificates, *([packages.venv] if by_ca else [])],
        "locks": [str(path) for path in certbot_locks(plugin["name"] if plugin else None)],
        "folder": str(CERTIFICATES / options["name"]),
        "placed": str(TLS / options["name"]),
        "webroot": str(ACME_WEBROOT),
        "library": str(LIBRARY),
        "paths": PATHS,
        "module": f"{PACKAGE}.{RENEWAL}",
        # Addresses are in `requested`: certbot takes only one from a file.
        "named": [name for name in options["domains"] if not is_address(name)],
        "requested": {
            "name": options["name"],
            "domains": options["domains"],
            "source": source,
            "port": options["served"]["port"],
            "group": options["served"]["group"],
            "renewal": renewal if by_ca else {},
        },
    }
