"""The certificate that a visitor of this host gets."""

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
SERVED_SECONDS = 15  # nginx serves a new certificate with its next workers, an application within a second


def served_error(request: CertificateRequest) -> str | None:
    """Compare the certificate that a visitor gets with the one on disk; return what differs, or None.

    An application without nginx that is stopped serves none, and is no error.
    """
    if request.group is not None and Path(Layout(request.name).stopped).exists():
        return None
    on_disk = ssl.PEM_cert_to_DER_cert(_first(request.files[0].read_text(encoding="utf-8", errors="replace")))
    return next(filter(None, (_served_by(request, name, on_disk) for name in request.served_names)), None)


def _served_by(request: CertificateRequest, name: str, on_disk: bytes) -> str | None:
    """Compare the certificate that a visitor gets by this name; return what differs, or None."""
    deadline = time.monotonic() + SERVED_SECONDS
    while True:
        shown = _shown(request, name)
        if shown == on_disk:
            return None
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    text = shown if isinstance(shown, str) else "another certificate is served"
    return f"{request.name}: {name} on port {request.port}: {text}, not the one in {request.files[0]}. " + (
        "Read `systemctl status nginx`." if request.group is None else "Read the application's log."
    )


def _shown(request: CertificateRequest, name: str) -> bytes | str:
    """Return the certificate that a visitor gets by a name; a text if it gets none."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", request.port), timeout=5) as raw:
            if request.group is None and _behind_balancer():
                raw.sendall(b"PROXY UNKNOWN\r\n")  # as a balancer states that it connects for itself
            # A client that connects by an address sends no name in TLS.
            with context.wrap_socket(raw, server_hostname=None if is_address(name) else name) as connection:
                return connection.getpeercert(binary_form=True) or b""
    except OSError as error:
        return f"nothing is served ({error})"


def _behind_balancer() -> bool:
    """Return whether connections to nginx must begin with the PROXY protocol."""
    return LISTENERS.exists() and bool(re.search(r"^listen .* proxy_protocol", LISTENERS.read_text(), re.MULTILINE))


def _first(text: str) -> str:
    """Return the first certificate of a text, without what programs such as openssl pkcs12 write around it.

    Raises:
        ValueError: there is none.
    """
    match = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)
    if match is None:
        raise ValueError("the file that is served contains no certificate")
    return match[0]
