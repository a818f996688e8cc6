"""The output of certbot: what it most likely means, and the message about a CA that issued no certificate."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    STAND_IN,
    X509,
    CertificateRequest,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import clock

# What certbot prints, and what it most likely means; the first match counts.
_REASONS = (
    (
        r"rateLimited|Service busy|too many (certificates|failed|requests|new)|\b429\b",
        "the CA's rate limit is reached: wait as long as it says, or try with certificate_directory: staging",
    ),
    (r"externalAccountRequired|external account", "the CA requires certificate_account: {key_id: …, hmac_key: …}"),
    (
        r"NameResolutionError|Failed to (establish|resolve)|Connection refused.*/dir|Max retries|ConnectTimeout|"
        r"error occurred while communicating|requests\.exceptions",
        "the CA's directory does not answer: check certificate_directory, certificate_ca_file for a CA of your own, "
        "and whether the host can connect to it",
    ),
    (r"acme:error:caa", "a CAA record of the domain names another CA"),
    (r"[Pp]rofile", "the CA does not offer this certificate_profile"),
    (r"rejectedIdentifier|unsupportedIdentifier", "the CA's policy does not allow one of the names"),
    (
        r"acme:error:dns|Type:\s+dns|NXDOMAIN|could not resolve|no valid A records|SERVFAIL",
        "the CA finds no address, or no record, of the name",
    ),
    (
        r"Type:\s+connection|acme:error:connection|Timeout during connect",
        "the CA does not reach port 80 of the name's address: check firewalls, and the address",
    ),
    (
        r"Type:\s+unauthorized|acme:error:unauthorized|Invalid response",
        "the name leads to another server than this host, or the record is not the requested one",
    ),
    (r"anti-replay nonce|badNonce", "the CA refused its own nonces several times"),
    (r"hook|Hook", "the hook for the DNS record failed"),
    (
        r"DNS plugin|TXT record|base domain|zone|credentials",
        "the DNS provider refused the record; check certificate_dns_plugin and what its credentials allow",
    ),
)


def likely_reason(output: str) -> str:
    """Return what the output of certbot most likely means."""
    if moment := retry_at(output):
        until = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))
        return f"the CA's rate limit is reached; the next request follows after {until} UTC, not before"
    if clock.is_sign(output):
        return f"the CA's own certificate is not valid now. {clock.describe()}"
    return next((reason for pattern, reason in _REASONS if re.search(pattern, output)), "see the output of certbot")


def retry_at(output: str) -> float | None:
    """Return when the CA accepts the next request, in seconds of the epoch; None if it refused for another reason.

    Let's Encrypt writes the time into its refusal.
    """
    if not re.search(r"rateLimited|too many|rate limit", output, re.IGNORECASE):
        return None
    match = re.search(r"retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?: ?UTC|Z)", output)
    if not match:
        return None
    return datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00").timestamp()


def is_account_lost(output: str) -> bool:
    """Return whether the CA does not know the account any more, as a private CA that was installed again."""
    return bool(re.search(r"accountDoesNotExist|[Aa]ccount .*(not found|does not exist)", output))


def is_nonce_refused(output: str) -> bool:
    """Return whether the CA refused a nonce once more than certbot retries; another request succeeds."""
    return "anti-replay nonce" in output or "badNonce" in output


def describe_failure(request: CertificateRequest, output: str, findings: Sequence[str], served: X509 | None) -> str:
    """Return the message about a CA that issued no certificate.

    Args:
        request: the certificate that was requested.
        output: what certbot printed.
        findings: what is wrong with its names, as seen from this host.
        served: the certificate that is served.
    """
    if served is None:
        now = "Nothing is served yet"
    elif served.made_here == STAND_IN:
        now = "Until it does, a self-signed stand-in is served, WHICH NO BROWSER TRUSTS"
    else:
        ends = time.strftime("%Y-%m-%d %H:%M", served.ends) if served.ends else "at an unknown time,"
        now = f"The former one is still served; it ends {ends} UTC"
    lines = [
        f"{request.name}: the CA issued no certificate for {', '.join(request.domains)}.",
        f"{now}. The next run tries again, and asgi-certificates.timer does, twice a day.",
        f"Likely reason: {likely_reason(output)}.",
        *(f"Seen from this host: {text}." for text in findings),
        "Certbot says:",
        *(f"  {line}" for line in output.strip().splitlines()),
    ]
    return "\n".join(lines)
