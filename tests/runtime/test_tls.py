"""What a visitor hears when a handshake fails, without a proxy in front."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from tests.runtime.served import RUNTIME

if TYPE_CHECKING:
    from asgi_deploy_runtime.settings import TlsSettings

sys.path.insert(0, str(RUNTIME.parent))

from asgi_deploy_runtime.tls import Certificate

LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
MAKE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj /CN=shop -keyout key -out cert"


def refusal(folder: Path, loop: Callable[[], asyncio.AbstractEventLoop], newest: ssl.TLSVersion) -> str:
    """Return the answer to a visitor without a certificate from a server that requires one, and TLS 1.3."""
    subprocess.run(MAKE.split(), cwd=folder, check=True, capture_output=True)
    options: TlsSettings = {
        "certificate": str(folder / "cert"),
        "key": str(folder / "key"),
        "client_ca": str(folder / "cert"),
        "minimum_version": "1.3",
        "ciphers": "ECDHE+AESGCM",
        "verify": "required",
    }
    visitor = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    visitor.check_hostname, visitor.verify_mode, visitor.maximum_version = False, ssl.CERT_NONE, newest

    async def main() -> str:
        server = await asyncio.get_running_loop().create_server(
            asyncio.Protocol, "127.0.0.1", 0, ssl=Certificate(options).context
        )
        async with server:
            port = server.sockets[0].getsockname()[1]
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=visitor)
                writer.write(b"GET / HTTP/1.1\r\n")
                await reader.read(1)
            except ssl.SSLError as error:
                return error.reason
            return ""

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(asyncio.wait_for(main(), 30))


@LOOPS
def test_version_that_is_not_spoken(tmp_path: Path, loop: Any) -> None:
    assert refusal(tmp_path, loop, ssl.TLSVersion.TLSv1_2) == "TLSV1_ALERT_PROTOCOL_VERSION"


@LOOPS
def test_certificate_that_is_missing(tmp_path: Path, loop: Any) -> None:
    assert refusal(tmp_path, loop, ssl.TLSVersion.TLSv1_3) == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
