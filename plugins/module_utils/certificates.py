"""Certificates that certbot keeps on a host."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt

CERTBOT = Path("/etc/letsencrypt")


def parse_x509(text: str) -> dict[str, Any]:
    """Names and end of a certificate, from `openssl x509 -noout -enddate -ext subjectAltName`; the end is in UTC."""
    end = re.search(r"notAfter=(.+) GMT", text)
    return {
        "domains": sorted(re.findall(r"DNS:([^,\s]+)", text)),
        "ends": time.strptime(end[1], "%b %d %H:%M:%S %Y") if end else None,
    }


def parse_renewal(text: str) -> str | None:
    """The ACME directory that a certificate came from, from certbot's renewal/NAME.conf."""
    server = re.search(r"^server\s*=\s*(\S+)", text, re.MULTILINE)
    return server[1] if server else None


def observe_certificate(name: str) -> dict[str, Any] | None:
    """What is on disk for a certificate's name: its domains, the directory it came from, whether it has expired."""
    chain = CERTBOT / "live" / name / "fullchain.pem"
    renewal = CERTBOT / "renewal" / f"{name}.conf"
    if not chain.exists() or not renewal.exists():
        return None
    shown = attempt(["openssl", "x509", "-in", str(chain), "-noout", "-enddate", "-ext", "subjectAltName"])
    certificate = parse_x509(shown.stdout)
    return {
        "domains": certificate["domains"],
        "server": parse_renewal(renewal.read_text(encoding="utf-8")),
        "expired": certificate["ends"] is None or certificate["ends"] <= time.gmtime(),
    }


def due(found: Mapping[str, Any] | None, domains: Sequence[str], server: str) -> str | None:
    """Why a certificate is to be asked for; nothing when the one on disk will do. Renewal is the timer's work."""
    if found is None:
        return "there is none"
    if found["domains"] != sorted(domains):
        return f"it is for {', '.join(found['domains'])}"
    if found["server"] != server:
        return f"it is from {found['server']}"
    return "it has expired" if found["expired"] else None
