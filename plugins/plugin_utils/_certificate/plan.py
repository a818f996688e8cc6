"""The role certificate: what is decided of a certificate, from its options. Their rules are in options.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of

RENEWAL = "_host.certificates.renewal"  # below plugins/module_utils: what keeps certificates on a host


def dns_credentials(plugin: Mapping[str, Any] | None) -> str:
    """The file of credentials that certbot's plugin reads: its own keys in most cases, AWS's or Google's format."""
    name, given = (plugin or {}).get("name"), (plugin or {}).get("credentials") or {}
    if not given:
        return ""
    if name == "google":
        return str(given["service_account"])
    if name == "route53":
        return "".join(["[default]\n", *(f"aws_{key} = {text}\n" for key, text in given.items())])
    lines = []
    for key, value in given.items():
        quote = "'" if '"' in str(value) else '"'
        lines.append(f"dns_{name}_{key} = {quote}{value}{quote}\n")
    return "".join(lines)


def certificate_plan(options: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Everything that is decided about one certificate.

    Args:
        options: the role's, by their names without its prefix.
        facts: the host's.

    Returns:
        The options, and what follows from them: ``source`` is ``given`` for files of the controller, ``renewal`` and
        ``wanted`` are what the host writes down, ``credentials`` is the text of the file that certbot's plugin reads,
        ``locks`` are the files that pin certbot.

    Raises:
        ValueError: the host's system is not supported.
    """
    packages = platform_of(facts).packages
    source = "given" if options["given"] else options["source"]
    by_ca, by_dns = source == "acme", options["challenge"] == "dns"
    by_nginx = options["served"]["group"] is None
    plugin = options["dns_plugin"] if by_dns else None
    if by_dns:
        authenticator = f"dns-{plugin['name']}" if plugin else "manual"
    else:
        authenticator = "webroot" if by_nginx else "standalone"
    propagation = plugin["propagation"] if plugin else None
    renewal = {
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
        "credentials": dns_credentials(plugin) if by_ca else "",
        "hooks": (options["dns_hooks"] or {}) if authenticator == "manual" else {},
        "renewal": renewal,
        "packages": [packages.certificates, *([packages.venv] if by_ca else [])],
        "locks": [str(path) for path in certbot_locks(plugin)],
        "folder": str(CERTIFICATES / options["name"]),
        "placed": str(TLS / options["name"]),
        "webroot": str(ACME_WEBROOT),
        "library": str(LIBRARY),
        "paths": PATHS,
        "module": f"{PACKAGE}.{RENEWAL}",
        # Addresses are in `wanted`: certbot takes one at most from a file.
        "named": [name for name in options["domains"] if not is_address(name)],
        "wanted": {
            "name": options["name"],
            "domains": options["domains"],
            "source": source,
            "port": options["served"]["port"],
            "group": options["served"]["group"],
            "renewal": renewal if by_ca else {},
        },
    }
