"""The options of certificates: a rule for each, and contradictions between them and the applications."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import (
    Spec,
    addresses,
    domains_of,
    owns,
    redirect_names,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import validators as checks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES, nearest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import resolve_path
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import Inventory

# Let's Encrypt's, by the words for them.
DIRECTORIES = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
NAMES_MAX = 100  # "Names per Certificate" of Let's Encrypt's rate limits
CERTBOT_LOCKS = ROLES / "certificate" / "files"
# The sets of credentials that certbot's plugins for DNS providers take; with an empty set the host's own role can
# suffice. Taken from the plugins' `_setup_credentials`.
PROVIDERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "cloudflare": (("api_token",), ("email", "api_key")),
    "digitalocean": (("token",),),
    "dnsimple": (("token",),),
    "dnsmadeeasy": (("api_key", "secret_key"),),
    "gehirn": (("api_token", "api_secret"),),
    "google": (("service_account",), ()),
    "linode": (("key",),),
    "luadns": (("email", "token"),),
    "nsone": (("api_key",),),
    "ovh": (("endpoint", "application_key", "application_secret", "consumer_key"),),
    "rfc2136": (("server", "name", "secret"),),
    "route53": (("access_key_id", "secret_access_key"), ()),
    "sakuracloud": (("api_token", "api_secret"),),
}
OPTIONAL = {"rfc2136": ("port", "algorithm", "sign_query")}
_URL = re.compile(r"https://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9/._~%?&=+-]*)?")
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KEY_ID = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,256}")
_CERTBOT = re.compile(r"^(certbot(?:-dns-[a-z0-9]+)?)==([^\s;\\]+)", re.MULTILINE)
_HMAC = re.compile(r"[A-Za-z0-9_-]{16,}=*")


def directory(value: str) -> str | None:
    """Return what is wrong with the address of a CA."""
    if value in DIRECTORIES or _URL.fullmatch(value):
        return None
    meant = nearest(value, DIRECTORIES)
    hint = f"; did you mean {meant}?" if meant else ""
    return f"found {value!r}, expected production, staging or a URL that begins with https://{hint}"


def profile(value: str) -> str | None:
    """Return what is wrong with the name of a profile."""
    return None if _PROFILE.fullmatch(value) else f"found {value!r}, expected a name, as in tlsserver"


def key_id(value: str) -> str | None:
    """Return what is wrong with the name of an account's key."""
    return None if _KEY_ID.fullmatch(value) else "is no key's name: expected what the CA calls the KID, in one word"


def hmac_key(value: str) -> str | None:
    """Return what is wrong with an account's key; never what it is."""
    if _HMAC.fullmatch(value):
        return None
    return "is no key: expected what the CA gave, in URL-safe Base64: letters, digits, hyphens and underscores"


def propagation(value: int) -> str | None:
    """Return what is wrong with a number of seconds."""
    return None if 0 <= value <= 3600 else f"found {value}, expected 0 to 3600 seconds"


def dns_plugin(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with the credentials for a DNS provider; never what they are."""
    name, written = value.get("name"), value.get("credentials")
    credentials = written if isinstance(written, Mapping) else {}
    sets = PROVIDERS.get(str(name))
    if sets is None:  # reported where the choices are checked
        return None
    optional = OPTIONAL.get(str(name), ())
    if not any(set(keys) <= set(credentials) <= {*keys, *optional} for keys in sets):
        ways = " or ".join("{" + ", ".join(f"{key}: …" for key in keys) + "}" for keys in sets if keys)
        more = f", with {', '.join(optional)} where needed" if optional else ""
        none = ", or none where the host has a role of its own" if () in sets else ""
        found = ", ".join(sorted(map(str, credentials))) or "none"
        return f"credentials: found {found}, expected for {name} {ways}{more}{none}"
    unusable = [key for key, text in credentials.items() if not _is_credential(str(name), text)]
    return (
        f"credentials: {', '.join(unusable)}: expected text in one line, with one kind of quotes at most"
        if unusable
        else None
    )


def _is_credential(provider: str, text: Json) -> bool:
    """Return whether certbot reads a text from its file as it is."""
    if isinstance(text, (Mapping, list, bool)) or text is None or not str(text).strip():
        return False
    if provider == "google":
        return str(text).lstrip().startswith("{")
    value = str(text)
    return not (re.search(r"[\x00-\x1f\x7f]|%\([^)]*\)s", value) or ("'" in value and '"' in value))


def provider_of(options: Mapping[str, Json]) -> Json:
    """Return the name of the DNS provider, as the user wrote it; None without one."""
    plugin = options.get("certificate_dns_plugin")
    return plugin.get("name") if isinstance(plugin, Mapping) else None


def certbot_locks(provider: Json) -> list[Path]:
    """Return the files that pin certbot, and its plugin for a DNS provider, if that is known."""
    return [
        CERTBOT_LOCKS / "certbot.txt",
        *([CERTBOT_LOCKS / "dns" / f"{provider}.txt"] if str(provider) in PROVIDERS else []),
    ]


def wheel_error(app: Spec, folder: Path, options: Mapping[str, Json]) -> str | None:
    """Return what is missing in an application's folder of wheels, from which certbot is installed too."""
    if not asks_the_ca(app, options):
        return None
    for lock in certbot_locks(provider_of(options)):
        name, version = _CERTBOT.findall(lock.read_text(encoding="utf-8"))[0]
        if not any(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl")):
            return (
                f"wheelhouse: found {app['wheelhouse']!r}, but {folder} on the controller holds no wheel of "
                f"{name}=={version}, which gets the certificate; ansible-playbook asgi.deploy.wheelhouse adds it"
            )
    return None


def program_error(value: str, path: Path) -> str | None:
    """Return what is wrong with a program of the controller at `path`."""
    if not path.is_file():
        return f"found {value!r}, which is no file on the controller ({path})"
    if path.read_bytes()[:64].startswith((b"#!", b"\x7fELF", b"$ANSIBLE_VAULT;")):
        return None
    return f"found {value!r}, which is no program: expected a first line as in #!/bin/sh"


def contradictions(options: Mapping[str, Json], apps: Sequence[Spec | Json]) -> list[str]:
    """Return what is wrong with the options that the user wrote, together, and with names of applications."""
    dns, hooks = options.get("certificate_challenge") == "dns", options.get("certificate_dns_hooks")
    plugin = options.get("certificate_dns_plugin")
    if dns and not hooks and not plugin:
        return [
            "certificate_dns_plugin: is missing; with certificate_challenge: dns, expected a DNS provider, as in "
            "certificate_dns_plugin: {name: cloudflare, credentials: {api_token: …}}, or programs on the controller, "
            "as in certificate_dns_hooks: {auth: files/dns-add.sh, cleanup: files/dns-remove.sh}"
        ]
    if hooks and plugin:
        return ["certificate_dns_hooks: is given with certificate_dns_plugin; leave out one of the two"]
    for name, written in (("certificate_dns_hooks", hooks), ("certificate_dns_plugin", plugin)):
        if written and not dns:
            return [f"{name}: is given without certificate_challenge: dns; write both"]
    if options.get("certificate_source") == "self-signed":
        return []
    errors = _too_many(options, apps) + _addresses(options, apps, dns)
    return errors if dns else errors + _wildcards(options, apps)


def _wildcards(options: Mapping[str, Json], apps: Sequence[Spec | Json]) -> list[str]:
    """Return an error for each wildcard that a CA would have to check by HTTP."""
    return [
        f"asgi_apps[{index}] ({app.get('name', '?')}).domains: found {name!r}; a CA gives a certificate for a wildcard "
        "only by its DNS: write certificate_challenge: dns and certificate_dns_plugin, or tls.certificate and tls.key"
        for index, app in enumerate(apps)
        if isinstance(app, Mapping) and asks_the_ca(app, options) and owns(app, apps)
        for name in [*domains_of(app), *redirect_names(app)]
        if name.startswith("*.")
    ]


def _too_many(options: Mapping[str, Json], apps: Sequence[Spec | Json]) -> list[str]:
    """Return an error for each application with too many names; only limits of Let's Encrypt are known."""
    if options.get("certificate_directory") not in (None, "", *DIRECTORIES):
        return []
    errors = []
    for index, app in enumerate(apps):
        if isinstance(app, Mapping) and asks_the_ca(app, options):
            count = len(domains_of(app)) + len(redirect_names(app))
            if count > NAMES_MAX:
                errors.append(
                    f"asgi_apps[{index}] ({app.get('name', '?')}).domains: found {count} names with those of "
                    f"site.redirect_from, expected at most {NAMES_MAX}, which is what Let's Encrypt puts into a "
                    "certificate"
                )
    return errors


def _addresses(options: Mapping[str, Json], apps: Sequence[Spec | Json], dns: bool) -> list[str]:
    """Return an error for each address that the CA gives no certificate for."""
    errors = []
    # The user may have written a value that no dictionary can search for.
    public = options.get("certificate_directory", "production") in tuple(DIRECTORIES)
    written_profile = options.get("certificate_profile")
    for index, app in enumerate(apps):
        if not isinstance(app, Mapping) or not asks_the_ca(app, options):
            continue
        for address in addresses(app):
            where = f"asgi_apps[{index}] ({app.get('name', '?')}).domains: found {address!r}"
            if dns:
                errors.append(f"{where}; a CA checks an address only by HTTP: leave out certificate_challenge: dns")
            elif public and not ipaddress.ip_address(address).is_global:
                errors.append(
                    f"{where}, which is no public address, so that Let's Encrypt gives no certificate for it: write "
                    "certificate_directory for a CA of your own, or certificate_source: self-signed"
                )
            elif public and written_profile != "shortlived":
                found = f"found {written_profile!r}" if written_profile else "is missing"
                errors.append(
                    f"certificate_profile: {found}; Let's Encrypt gives certificates for addresses, as {address} of "
                    f"asgi_apps[{index}], only with certificate_profile: shortlived"
                )
    return errors


def asks_the_ca(app: Spec | Json, options: Mapping[str, Json]) -> bool:
    """Return whether an application needs a certificate from the CA; also for one that is unreadable."""
    if options.get("certificate_source") == "self-signed":
        return False
    if isinstance(app, Mapping) and app.get("state") == "absent":
        return False
    tls = app.get("tls") if isinstance(app, Mapping) else None
    return not (isinstance(tls, Mapping) and tls.get("certificate"))


RULES: dict[str, checks.Rule] = {
    "certificate_name": checks.name,
    "certificate_domains": checks.domains,
    "certificate_email": checks.email,
    "certificate_directory": directory,
    "certificate_ca_file": checks.controller_path,
    "certificate_account.key_id": key_id,
    "certificate_account.hmac_key": hmac_key,
    "certificate_profile": profile,
    "certificate_dns_plugin": dns_plugin,
    "certificate_dns_plugin.propagation": propagation,
    "certificate_dns_hooks.auth": checks.controller_path,
    "certificate_dns_hooks.cleanup": checks.controller_path,
    "certificate_given.certificate": checks.controller_path,
    "certificate_given.key": checks.controller_path,
    "certificate_wheelhouse": checks.sha256,
}


def conflicts(_options: Mapping[str, Json], inventory: Inventory) -> list[str]:
    """Return what is wrong in the options of certificates together with the applications, and with files they name."""
    variables, apps, base = inventory.variables, inventory.apps, inventory.base
    errors = []
    if not variables.get("certificate_email") and any(asks_the_ca(app, variables) and owns(app, apps) for app in apps):
        errors.append(
            "certificate_email: is missing; expected the address the CA writes to, "
            "as in certificate_email: ops@example.com"
        )
    ca = variables.get("certificate_ca_file")
    if ca and isinstance(ca, str) and not (file := resolve_path(ca, base)).is_file():
        errors.append(f"certificate_ca_file: found {ca!r}, which is no file on the controller ({file})")
    hooks = variables.get("certificate_dns_hooks")
    for key in ("auth", "cleanup"):
        hook = hooks.get(key) if isinstance(hooks, Mapping) else None
        if isinstance(hook, str) and (error := program_error(hook, resolve_path(hook, base))):
            errors.append(f"certificate_dns_hooks.{key}: {error}")
    return errors + contradictions(variables, apps)
