"""TLS without a proxy in front."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .settings import TlsSettings

logger = logging.getLogger("asgi.tls")

_VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


class _Handshake(ssl.SSLObject):
    """A handshake that sends why it failed: event loops end the connection at once, before OpenSSL's alert is sent."""

    incoming: ssl.MemoryBIO
    _failed = False

    def do_handshake(self) -> None:
        if not self._failed:
            try:
                super().do_handshake()
            except ssl.SSLWantReadError:
                raise
            except ssl.SSLError:
                self._failed = True
            else:
                return
        # The loop now sends the alert, and waits. Then the other side ends the connection, or the time limit of the
        # handshake does; nothing else is read.
        self.incoming.read()
        raise ssl.SSLWantReadError


class _Context(ssl.SSLContext):
    """A context for such handshakes, as event loops use it."""

    sslobject_class = _Handshake

    def wrap_bio(self, incoming: ssl.MemoryBIO, *arguments: Any, **options: Any) -> ssl.SSLObject:
        handshake = super().wrap_bio(incoming, *arguments, **options)
        handshake.incoming = incoming  # type: ignore[attr-defined]
        return handshake


class Certificate:
    """The certificate of handshakes; one that was renewed on disk is used at once, without a restart."""

    def __init__(self, options: TlsSettings) -> None:
        self._options = options
        self._loaded = self._stamp()
        self.context = self._create()

    def refresh(self) -> None:
        """Load the files again if they changed; wait while they do not match or are being written."""
        if (stamp := self._stamp()) == self._loaded:
            return
        try:
            self._create()  # first in another context: a wrong pair would end every handshake
            self._load(self.context)
        except (OSError, ssl.SSLError) as error:
            logger.warning("the certificate on disk cannot be used yet: %s", error)
            return
        self._loaded = stamp
        logger.info("loaded the certificate that changed on disk")

    def _create(self) -> ssl.SSLContext:
        context = _Context(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion[f"TLSv{self._options['minimum_version'].replace('.', '_')}"]
        context.set_ciphers(self._options["ciphers"])
        context.set_alpn_protocols(["http/1.1"])
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.verify_mode = _VERIFY[self._options["verify"]]
        if self._options["client_ca"]:
            context.load_verify_locations(self._options["client_ca"])
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._options["certificate"], self._options["key"])

    def _stamp(self) -> tuple[int, ...]:
        try:
            files = [Path(self._options["certificate"]).stat(), Path(self._options["key"]).stat()]
        except OSError:  # being replaced
            return ()
        return tuple(number for file in files for number in (file.st_mtime_ns, file.st_ino))
