"""Checks whether the names of a certificate lead to this host, as the CA is going to check."""

from __future__ import annotations

import http.client
import secrets
import socket
import urllib.error
import urllib.request
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    CertificateRequest,
    reachability_error,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import in_url, is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import ACME_WEBROOT

WEBROOT = Path(ACME_WEBROOT)


def check_reachability(request: CertificateRequest) -> list[str]:
    """Return, for each name, why the CA may not reach this host by it on port 80; none where nothing is wrong."""
    authenticator = request.renewal.get("authenticator")
    if authenticator not in ("webroot", "standalone"):
        return []
    errors = []
    for name in request.domains:
        addresses = [name] if is_address(name) else _addresses(name)
        own = [address for address in addresses if _is_own(address)]
        probe = _probe(name) if addresses and authenticator == "webroot" else None
        errors.append(reachability_error(name, addresses, own, probe))
    return [text for text in errors if text]


def _addresses(name: str) -> list[str]:
    try:
        shown = run_unchecked(["getent", "ahosts", name], timeout=10).stdout
    except DeployError:  # the resolver does not answer
        return []
    return sorted({line.split()[0] for line in shown.splitlines() if line.strip()})


def _is_own(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _probe(name: str) -> str | None:
    """Return what port 80 answers instead of a file of ours; None if it answers the file."""
    token = f"probe-{secrets.token_hex(8)}"
    folder = WEBROOT / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / token
    write(file, token.encode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{in_url(name)}/.well-known/acme-challenge/{token}", timeout=5) as answer:
            return None if answer.read(64) == token.encode() else "something"
    except urllib.error.HTTPError as error:
        return f"with status {error.code}"
    except (OSError, http.client.HTTPException) as error:
        return f"not ({getattr(error, 'reason', error)})"
    finally:
        file.unlink()
