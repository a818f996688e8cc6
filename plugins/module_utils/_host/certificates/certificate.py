"""Certificates of a host: their content, reasons to request one, and messages about a CA that issued none."""

from __future__ import annotations

import calendar
import ipaddress
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import in_url, is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CERTBOT_STATE, CERTIFICATES, TLS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import (
        CertificateStatus,
        LastAttempt,
        RequestKey,
    )

CERTBOT = Path(CERTBOT_STATE)
REQUESTS = Path(CERTIFICATES)
PLACED = Path(TLS)

# The organization in certificates that are made on the host.
STAND_IN = "asgi.deploy stand-in that nobody trusts"
SELF_SIGNED = "asgi.deploy self-signed"
STAND_IN_DAYS = 7
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOMENT = "%Y-%m-%dT%H:%M:%SZ"  # the format of times, in UTC
SELF_SIGNED_DAYS = 365
SELF_SIGNED_RENEWAL = 30 * 86400  # seconds before its end, as are those of STAND_IN_DAYS


@dataclass(frozen=True)
class CertificateRequest:
    """A certificate that a host must have, and what serves it; see `CertificateEntry`.

    Attributes:
        name: of the certificate.
        domains: names and IP addresses.
        source: acme, self-signed, or given for files of the controller.
        port: the TCP port that serves it.
        group: the group that may read it, where an application serves it; without one nginx does.
        renewal: options that certbot keeps for its renewal; another value needs another certificate.
    """

    name: str
    domains: list[str]
    source: str = "acme"
    port: int = 443
    group: str | None = None
    renewal: dict[str, str | None] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """Return the files that are served: for nginx chain and key in one, so that they belong to one certificate."""
        names = ["fullchain.pem", "privkey.pem"] if self.group else ["combined.pem"]
        return [PLACED / self.name / name for name in names]

    @property
    def addresses(self) -> list[str]:
        """Return the IP addresses among the domains."""
        return [name for name in self.domains if is_address(name)]

    @property
    def served_names(self) -> list[str]:
        """Return the names to check it by: the first name, and the first address, which clients do not send in TLS."""
        names = [name for name in self.domains if not is_address(name)]
        names.sort(key=lambda name: name.startswith("*."))  # a name below a wildcard only if there is no other
        return [name.replace("*", "asgi-probe", 1) for name in names[:1]] + self.addresses[:1]


class X509(NamedTuple):
    """What a certificate contains.

    Attributes:
        domains: names and addresses, in order.
        ends: when it expires, in UTC; None if that is not known.
        issuer: as OpenSSL prints it.
    """

    domains: list[str]
    ends: time.struct_time | None
    issuer: str

    @property
    def seconds(self) -> float:
        """Return the seconds until it expires; below 0 if it has, and 0 if that is not known."""
        return calendar.timegm(self.ends) - time.time() if self.ends else 0.0

    @property
    def made_here(self) -> str | None:
        """Return the kind of a certificate that was made on the host: STAND_IN or SELF_SIGNED; None for another."""
        return next((kind for kind in (STAND_IN, SELF_SIGNED) if kind in self.issuer), None)


class Lineage(NamedTuple):
    """A certificate that certbot keeps.

    Attributes:
        domains: names and addresses, in order.
        renewal: options of its renewal.
        expired: whether it has expired.
    """

    domains: list[str]
    renewal: dict[str, str]
    expired: bool


def parse_x509(text: str) -> X509:
    """Return what `openssl x509 -noout -issuer -enddate -ext subjectAltName` printed."""
    addresses = re.findall(r"IP Address:([0-9A-Fa-f.:]+)", text)
    end = re.search(r"notAfter=(.+ GMT)", text)
    issuer = re.search(r"^issuer=(.*)$", text, re.MULTILINE)
    # OpenSSL writes all digits of an IPv6 address, and in upper case.
    domains = [*re.findall(r"DNS:([^,\s]+)", text), *(str(ipaddress.ip_address(address)) for address in addresses)]
    return X509(sorted(domains), _moment(end[1]) if end else None, issuer[1].strip() if issuer else "")


def _moment(text: str) -> time.struct_time:
    """Return a time that OpenSSL printed, in UTC.

    Not by strptime: where root has another language, Ansible has set it, and months have other names. And not by ssl,
    which takes as long to import as all the rest of an inspection of a certificate.

    Raises:
        DeployError: it has another format.
    """
    match = re.fullmatch(r"([A-Z][a-z]{2}) +(\d+) (\d+):(\d+):(\d+) (\d+) GMT", text)
    if not match or match[1] not in _MONTHS:
        raise DeployError(f"openssl: found {text!r} as a certificate's end, expected one as Nov 30 11:12:42 2026 GMT")
    day, hour, minute, second, year = map(int, match.groups()[1:])
    return time.gmtime(calendar.timegm((year, _MONTHS.index(match[1]) + 1, day, hour, minute, second)))


def parse_renewal(text: str) -> dict[str, str]:
    """Return the options of a certificate's renewal, from the text of certbot's renewal/NAME.conf."""
    return dict(re.findall(r"^([a-z0-9_]+) *= *(\S.*?) *$", text, re.MULTILINE))


def read_certificate(path: Path) -> X509 | None:
    """Return the first certificate of a file; None without a file."""
    if not path.exists():
        return None
    argv = ["openssl", "x509", "-in", str(path), "-noout", "-issuer", "-enddate", "-ext", "subjectAltName"]
    return parse_x509(run_unchecked(argv, reads=True).stdout)


def observe_certificate(name: str) -> Lineage | None:
    """Return the certificate that certbot keeps under a name; None if there is none."""
    chain = CERTBOT / "live" / name / "fullchain.pem"
    renewal = CERTBOT / "renewal" / f"{name}.conf"
    certificate = read_certificate(chain)
    if certificate is None or not renewal.exists():
        return None
    options = parse_renewal(renewal.read_text(encoding="utf-8"))
    return Lineage(certificate.domains, options, expired=certificate.seconds <= 0)


def certbot_texts(name: str, state: Path | None = None) -> tuple[bytes, bytes]:
    """Return chain and key that certbot keeps under a name, in its folder or in that of another certbot."""
    folder = (state or CERTBOT) / "live" / name
    return (folder / "fullchain.pem").read_bytes(), (folder / "privkey.pem").read_bytes()


def served_texts(request: CertificateRequest, chain: bytes, key: bytes) -> list[bytes]:
    """Return the content of the files that are served."""
    return [chain, key] if request.group else [chain + key]


def is_in_place(request: CertificateRequest, state: Path | None = None) -> bool:
    """Return whether the files that are served are those that certbot keeps; see :func:`certbot_texts`."""
    texts = served_texts(request, *certbot_texts(request.name, state))
    return all(path.exists() and path.read_bytes() == text for path, text in zip(request.files, texts))


def reason_to_request(kept: Lineage | None, request: CertificateRequest) -> str | None:
    """Return why to request a certificate; None if the one that certbot keeps is enough. The timer renews it."""
    if kept is None:
        return "there is none"
    if kept.domains != sorted(request.domains):
        return f"it is for {', '.join(kept.domains)}"
    for option, value in request.renewal.items():
        if (before := kept.renewal.get(option)) != value:
            return f"it is from {before}" if option == "server" else f"its {option} is {before}, not {value}"
    return "it has expired" if kept.expired else None


def reason_to_make(served: X509 | None, request: CertificateRequest, kind: str) -> str | None:
    """Return why to make a certificate on the host; None if the one that is served is enough.

    Args:
        served: the certificate that is served.
        request: the certificate that must be served.
        kind: SELF_SIGNED, or STAND_IN, which replaces no certificate that is still valid.
    """
    if served is None:
        return "there is none"
    if served.seconds <= 0:
        return "it has expired"
    if kind == STAND_IN and served.made_here is None:
        return None
    if served.made_here != kind:
        return "it was not made here"
    if served.domains != sorted(request.domains):
        return f"it is for {', '.join(served.domains)}"
    left = SELF_SIGNED_RENEWAL if kind == SELF_SIGNED else STAND_IN_DAYS * 86400 / 2
    return "it will soon expire" if served.seconds < left else None


def reason_to_act(request: CertificateRequest) -> str | None:
    """Return why something must be done for a certificate on this host; None if nothing must."""
    if request.source == "given":
        return None
    if request.source == "self-signed":
        return reason_to_make(read_certificate(request.files[0]), request, SELF_SIGNED)
    reason = reason_to_request(observe_certificate(request.name), request)
    return reason or (None if is_in_place(request) else "it is not in its place yet")


def reachability_error(name: str, addresses: Sequence[str], own: Collection[str], probe: str | None) -> str | None:
    """Return what is wrong with a name, as seen from this host, before the CA checks it from outside.

    Args:
        name: a name or an IP address.
        addresses: of the name.
        own: those of them that belong to this host.
        probe: what port 80 answered instead of our file; None if it answered our file or was not asked.
    """
    if is_address(name):
        texts = [] if name in own else [f"{name} is no address of this host (behind NAT that may be right)"]
    elif not addresses:
        return f"{name} has no address, says this host's resolver; it needs an A or AAAA record"
    else:
        foreign = [address for address in addresses if address not in own]
        text = (
            f"{name} resolves to {', '.join(foreign)}, which is no address of this host (behind NAT that may be right)"
        )
        texts = [text] if foreign else []
    if probe:
        texts.append(f"http://{in_url(name)}/ on port 80 answers {probe} instead of the file that nginx serves")
    return "; ".join(texts) or None


def wait_until(last: LastAttempt | None, key: RequestKey, now: float) -> str | None:
    """Return until when the CA refuses the same request; None if it accepts one now.

    Args:
        last: the last attempt.
        key: what the CA counts its limits by.
        now: seconds of the epoch.
    """
    wait = last.get("wait") if last else None
    if not wait or wait["asked"] != key:
        return None
    until = calendar.timegm(time.strptime(wait["until"], MOMENT))
    return wait["until"] if now < until else None


def certificate_status(request: CertificateRequest, served: X509 | None, last: LastAttempt | None) -> CertificateStatus:
    """Return the status of a certificate for monitoring.

    Args:
        request: the certificate that must be served.
        served: the certificate that is served.
        last: the last attempt to obtain it.
    """
    stand_in = served is not None and served.made_here == STAND_IN
    return {
        "name": request.name,
        "domains": request.domains,
        "source": "stand-in" if stand_in else request.source,
        "issuer": served.issuer if served else None,
        "not_after": time.strftime(MOMENT, served.ends) if served and served.ends else None,
        "days_left": round(served.seconds / 86400, 1) if served else None,
        "last": last,
    }
