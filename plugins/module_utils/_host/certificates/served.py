"""Which certificate a visitor of this host is shown."""

from __future__ import annotations

import re
import socket
import ssl
import time
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import CertificateRequest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX, Layout

LISTENERS = Path(NGINX, "https.conf")
SERVED_SECONDS = 15  # nginx takes a certificate with its next workers, an application within a second


def served_error(wanted: CertificateRequest) -> str | None:
    """Compare what a visitor is shown with what is on disk; return what differs.

    Nothing is shown by an application without nginx that is stopped.
    """
    if wanted.group is not None and Path(Layout(wanted.name).stopped).exists():
        return None
    on_disk = ssl.PEM_cert_to_DER_cert(_first(wanted.files[0].read_text(encoding="utf-8", errors="replace")))
    return next(filter(None, (_served_by(wanted, name, on_disk) for name in wanted.served_names)), None)


def _served_by(wanted: CertificateRequest, name: str, on_disk: bytes) -> str | None:
    """Compares what a visitor is shown who asks by this name."""
    deadline = time.monotonic() + SERVED_SECONDS
    while True:
        shown = _shown(wanted, name)
        if shown == on_disk:
            return None
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    found = shown if isinstance(shown, str) else "another certificate is served"
    return f"{wanted.name}: {name} on port {wanted.port}: {found}, not the one in {wanted.files[0]}. " + (
        "Look at `systemctl status nginx`." if wanted.group is None else "Look at the application's log."
    )


def _shown(wanted: CertificateRequest, name: str) -> bytes | str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", wanted.port), timeout=5) as raw:
            if wanted.group is None and _behind_balancer():
                raw.sendall(b"PROXY UNKNOWN\r\n")  # as a balancer says that it asks for itself
            # Who asks by an address names none in TLS.
            with context.wrap_socket(raw, server_hostname=None if is_address(name) else name) as connection:
                return connection.getpeercert(binary_form=True) or b""
    except OSError as error:
        return f"nothing is served ({error})"


def _behind_balancer() -> bool:
    """Return whether clients of nginx must begin with the PROXY protocol."""
    return LISTENERS.exists() and bool(re.search(r"^listen .* proxy_protocol", LISTENERS.read_text(), re.MULTILINE))


def _first(text: str) -> str:
    """The first certificate; what others write around it, such as openssl pkcs12, is left out."""
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)
    if found is None:
        raise ValueError("what is served holds no certificate")
    return found[0]
