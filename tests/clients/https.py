"""One question to a host over HTTPS, by name, at a given address."""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import Any

import httpx


def get(name: str, address: str, ca: Path, path: str = "/", **options: Any) -> httpx.Response:
    """Send a GET request for https://name/path to `address`, with the certificate checked against `ca` and the name."""
    return ask("GET", name, address, ca, path, **options)


def ask(
    method: str, name: str, address: str, ca: Path, path: str, *, http2: bool = False, **options: Any
) -> httpx.Response:
    """Ask as get() does, with another method."""
    context = ssl.create_default_context(cafile=str(ca))
    headers = {"Host": name, **options.pop("headers", {})}
    with httpx.Client(verify=context, http1=not http2, http2=http2, trust_env=False, timeout=60) as client:
        return client.request(
            method, f"https://{address}{path}", headers=headers, extensions={"sni_hostname": name}, **options
        )


def wait(name: str, address: str, ca: Path, path: str = "/", seconds: float = 60) -> httpx.Response:
    """Return the first answer below 500; a host that has just booted or a server that reloads needs a moment."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            response = get(name, address, ca, path)
            if response.status_code < 500 or time.monotonic() > deadline:
                return response
        except (httpx.TransportError, ssl.SSLError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)
