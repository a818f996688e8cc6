"""Certificates of a host: what they say, when one is to be asked for, what to tell of a CA that gave none."""

from __future__ import annotations

import calendar
import datetime
import ipaddress
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import in_url, is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CERTIFICATES, LETSENCRYPT, TLS

CERTBOT = Path(LETSENCRYPT)
REQUESTS = Path(CERTIFICATES)
PLACED = Path(TLS)

# The organization in certificates that are made on the host.
STAND_IN = "asgi.deploy stand-in that nobody trusts"
SELF_SIGNED = "asgi.deploy self-signed"
STAND_IN_DAYS = 7
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOMENT = "%Y-%m-%dT%H:%M:%SZ"  # how moments are written, in UTC
SELF_SIGNED_DAYS = 365
SELF_SIGNED_RENEWAL = 30 * 86400  # seconds before its end


@dataclass(frozen=True)
class CertificateRequest:
    """A certificate that a host shall have, and who serves it.

    `domains` are names, and addresses too. `group` may read it, where an application serves it itself; without one
    nginx does. `renewal` are options that certbot keeps for its renewal; another value needs another certificate.
    """

    name: str
    domains: list[str]
    source: str = "acme"
    port: int = 443
    group: str | None = None
    renewal: dict[str, str | None] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """What is served: for nginx chain and key in one file, so that they cannot be of two certificates."""
        names = ["fullchain.pem", "privkey.pem"] if self.group else ["combined.pem"]
        return [PLACED / self.name / name for name in names]

    @property
    def addresses(self) -> list[str]:
        return [name for name in self.domains if is_address(name)]

    @property
    def served_names(self) -> list[str]:
        """What to ask for it by: a name, and an address, which no client sends; of each the first that there is."""
        names = [name for name in self.domains if not is_address(name)]
        names.sort(key=lambda name: name.startswith("*."))  # one that a wildcard stands for, where there is no other
        return [name.replace("*", "asgi-probe", 1) for name in names[:1]] + self.addresses[:1]

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def parse_x509(text: str) -> dict[str, Any]:
    """What `openssl x509 -noout -issuer -enddate -ext subjectAltName` shows; the end is in UTC."""
    addresses = re.findall(r"IP Address:([0-9A-Fa-f.:]+)", text)
    end = re.search(r"notAfter=(.+ GMT)", text)
    issuer = re.search(r"^issuer=(.*)$", text, re.MULTILINE)
    return {
        # OpenSSL writes all of an IPv6 address's digits, and in upper case.
        "domains": sorted(
            [*re.findall(r"DNS:([^,\s]+)", text), *(str(ipaddress.ip_address(one)) for one in addresses)]
        ),
        "ends": _moment(end[1]) if end else None,
        "issuer": issuer[1].strip() if issuer else "",
    }


def _moment(text: str) -> time.struct_time:
    """Return a moment as OpenSSL writes it, in UTC.

    Not by strptime: where root has another language, Ansible has set it, and months have other names. And not by ssl,
    which takes a host as long to load as all else that a certificate is looked at for.
    """
    found = re.fullmatch(r"([A-Z][a-z]{2}) +(\d+) (\d+):(\d+):(\d+) (\d+) GMT", text)
    if not found or found[1] not in _MONTHS:
        raise DeployError(f"openssl: found {text!r} as a certificate's end, expected one as Nov 30 11:12:42 2026 GMT")
    day, hour, minute, second, year = map(int, found.groups()[1:])
    return time.gmtime(calendar.timegm((year, _MONTHS.index(found[1]) + 1, day, hour, minute, second)))


def parse_renewal(text: str) -> dict[str, str]:
    """The options of a certificate's renewal, from certbot's renewal/NAME.conf."""
    return dict(re.findall(r"^([a-z0-9_]+) *= *(\S.*?) *$", text, re.MULTILINE))


def read_certificate(path: Path) -> dict[str, Any] | None:
    """What a file of certificates begins with."""
    if not path.exists():
        return None
    argv = ["openssl", "x509", "-in", str(path), "-noout", "-issuer", "-enddate", "-ext", "subjectAltName"]
    shown = run_unchecked(argv, reads=True)
    found = parse_x509(shown.stdout)
    return {
        **found,
        "seconds": calendar.timegm(found["ends"]) - time.time() if found["ends"] else 0.0,
        "made_here": next((kind for kind in (STAND_IN, SELF_SIGNED) if kind in found["issuer"]), None),
    }


def observe_certificate(name: str) -> dict[str, Any] | None:
    """What certbot has for a name: its domains, the options of its renewal, whether it has expired."""
    chain = CERTBOT / "live" / name / "fullchain.pem"
    renewal = CERTBOT / "renewal" / f"{name}.conf"
    certificate = read_certificate(chain)
    if certificate is None or not renewal.exists():
        return None
    return {
        "domains": certificate["domains"],
        "renewal": parse_renewal(renewal.read_text(encoding="utf-8")),
        "expired": certificate["seconds"] <= 0,
    }


def certbot_texts(name: str) -> tuple[bytes, bytes]:
    """Chain and key that certbot has for a name."""
    folder = CERTBOT / "live" / name
    return (folder / "fullchain.pem").read_bytes(), (folder / "privkey.pem").read_bytes()


def served_texts(wanted: CertificateRequest, chain: bytes, key: bytes) -> list[bytes]:
    """What belongs into the files that are served."""
    return [chain, key] if wanted.group else [chain + key]


def is_in_place(wanted: CertificateRequest) -> bool:
    """Whether what certbot has is what is served."""
    texts = served_texts(wanted, *certbot_texts(wanted.name))
    return all(path.exists() and path.read_bytes() == text for path, text in zip(wanted.files, texts))


def reason_to_request(found: Mapping[str, Any] | None, wanted: CertificateRequest) -> str | None:
    """Why a certificate is to be asked for; nothing when the one on disk will do. Renewal is the timer's work."""
    if found is None:
        return "there is none"
    if found["domains"] != sorted(wanted.domains):
        return f"it is for {', '.join(found['domains'])}"
    for option, value in wanted.renewal.items():
        if (before := found["renewal"].get(option)) != value:
            return f"it is from {before}" if option == "server" else f"its {option} is {before}, not {value}"
    return "it has expired" if found["expired"] else None


def reason_to_make(found: Mapping[str, Any] | None, wanted: CertificateRequest, kind: str) -> str | None:
    """Why a certificate is to be made here; a stand-in gives way to any that is still good."""
    if found is None:
        return "there is none"
    if found["seconds"] <= 0:
        return "it has expired"
    if kind == STAND_IN and found["made_here"] is None:
        return None
    if found["made_here"] != kind:
        return "it was not made here"
    if found["domains"] != sorted(wanted.domains):
        return f"it is for {', '.join(found['domains'])}"
    left = SELF_SIGNED_RENEWAL if kind == SELF_SIGNED else STAND_IN_DAYS * 86400 / 2
    return "it will soon expire" if found["seconds"] < left else None


def reason_to_act(wanted: CertificateRequest) -> str | None:
    """Why there is something to do for a certificate on this host."""
    if wanted.source == "given":
        return None
    if wanted.source == "self-signed":
        return reason_to_make(read_certificate(wanted.files[0]), wanted, SELF_SIGNED)
    return reason_to_request(observe_certificate(wanted.name), wanted) or (
        None if is_in_place(wanted) else "it is not in its place yet"
    )


def reachability_error(name: str, addresses: Sequence[str], own: Collection[str], probe: str | None) -> str | None:
    """What is wrong with a name, as seen from the host itself, before the CA looks at it from outside.

    `probe` is what port 80 answered in place of our file; nothing when it was our file, and when it was not asked.
    """
    if is_address(name):
        texts = [] if name in own else [f"{name} is no address of this host (behind NAT that may be right)"]
    elif not addresses:
        return f"{name} has no address, this host's resolver says; it needs an A or AAAA record"
    else:
        foreign = [address for address in addresses if address not in own]
        told = (
            f"{name} resolves to {', '.join(foreign)}, which is no address of this host (behind NAT that may be right)"
        )
        texts = [told] if foreign else []
    if probe:
        texts.append(f"http://{in_url(name)}/ on port 80 answers {probe} instead of the file that nginx shall serve")
    return "; ".join(texts) or None


# What certbot says, and what it most likely means; the first that fits.
_REASONS = (
    (
        r"rateLimited|Service busy|too many (certificates|failed|requests|new)|\b429\b",
        "the CA's rate limit is reached: wait as long as it says, or try with certificate_directory: staging",
    ),
    (r"externalAccountRequired|external account", "the CA wants certificate_account: {key_id: …, hmac_key: …}"),
    (
        r"NameResolutionError|Failed to (establish|resolve)|Connection refused.*/dir|Max retries|ConnectTimeout|"
        r"error occurred while communicating|requests\.exceptions",
        "the CA's directory does not answer: look at certificate_directory, at certificate_ca_file for a CA of your "
        "own, and at the host's way out",
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
        "the CA does not reach port 80 of the name's address: look at firewalls, and at the address",
    ),
    (
        r"Type:\s+unauthorized|acme:error:unauthorized|Invalid response",
        "the name leads to another server than this host, or the record is not the one that was asked for",
    ),
    (r"anti-replay nonce|badNonce", "the CA refused nonces of its own again and again"),
    (r"hook|Hook", "the hook for the DNS record failed"),
    (
        r"DNS plugin|TXT record|base domain|zone|credentials",
        "the DNS provider did not take the record; look at certificate_dns_plugin and at what its credentials allow",
    ),
)


def likely_reason(said: str) -> str:
    """What certbot's words most likely mean."""
    if moment := retry_at(said):
        until = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))
        return f"the CA's rate limit is reached; it is asked again after {until} UTC, not before"
    return next((reason for pattern, reason in _REASONS if re.search(pattern, said)), "see certbot's own words")


def retry_at(said: str) -> float | None:
    """When the CA wants to be asked again, in seconds since 1970: Let's Encrypt writes it into its refusal."""
    if not re.search(r"rateLimited|too many|rate limit", said, re.IGNORECASE):
        return None
    found = re.search(r"retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?: ?UTC|Z)", said)
    if not found:
        return None
    return datetime.datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00").timestamp()


def wait_until(last: Mapping[str, Any] | None, asked: Mapping[str, Any], now: float) -> str | None:
    """Until when the CA is not to be asked for a certificate, because it said so when it was last asked the same."""
    wait = (last or {}).get("wait") or {}
    if wait.get("asked") != dict(asked):
        return None
    until = calendar.timegm(time.strptime(wait["until"], MOMENT))
    return str(wait["until"]) if now < until else None


def is_account_lost(said: str) -> bool:
    """Whether the CA forgot the account; a private one that was set up anew does."""
    return bool(re.search(r"accountDoesNotExist|[Aa]ccount .*(not found|does not exist)", said))


def is_nonce_refused(said: str) -> bool:
    """Whether the CA refused a nonce once more than certbot asks again; another try is all it takes."""
    return "anti-replay nonce" in said or "badNonce" in said


def describe_failure(
    wanted: CertificateRequest, said: str, findings: Sequence[str], serving: Mapping[str, Any] | None
) -> str:
    """What a user must know of a CA that gave no certificate."""
    if serving is None:
        now = "Nothing is served yet"
    elif serving["made_here"] == STAND_IN:
        now = "Until it does, a self-signed stand-in is served, WHICH NO BROWSER TRUSTS"
    else:
        now = f"The one from before is served on; it ends {time.strftime('%Y-%m-%d %H:%M', serving['ends'])} UTC"
    lines = [
        f"{wanted.name}: the CA gave no certificate for {', '.join(wanted.domains)}.",
        f"{now}. The next run tries again, and asgi-certificates.timer does, twice a day.",
        f"Likely reason: {likely_reason(said)}.",
        *(f"Seen from this host: {text}." for text in findings),
        "Certbot says:",
        *(f"  {line}" for line in said.strip().splitlines()),
    ]
    return "\n".join(lines)


def certificate_status(
    wanted: CertificateRequest, found: Mapping[str, Any] | None, last: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a monitor wants to know of a certificate."""
    stand_in = bool(found and found["made_here"] == STAND_IN)
    return {
        "name": wanted.name,
        "domains": wanted.domains,
        "source": "stand-in" if stand_in else wanted.source,
        "issuer": found["issuer"] if found else None,
        "not_after": time.strftime(MOMENT, found["ends"]) if found and found["ends"] else None,
        "days_left": round(found["seconds"] / 86400, 1) if found else None,
        "last": last,
    }
