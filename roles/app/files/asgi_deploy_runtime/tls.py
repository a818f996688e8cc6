"""TLS without a proxy in front."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger("asgi.tls")

_VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


class _Handshake(ssl.SSLObject):
    """Says why it fails: event loops end the connection at once, and what OpenSSL has to say is never sent."""

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
        # The loop now sends what there is, which is the alert, and waits. The other side ends the connection then, or
        # the time of a handshake does; whatever else it sends is not read.
        self.incoming.read()
        raise ssl.SSLWantReadError


class _Context(ssl.SSLContext):
    """Makes such handshakes, in the way that event loops make them."""

    sslobject_class = _Handshake

    def wrap_bio(self, incoming: ssl.MemoryBIO, *arguments: Any, **options: Any) -> ssl.SSLObject:
        made = super().wrap_bio(incoming, *arguments, **options)
        made.incoming = incoming  # type: ignore[attr-defined]
        return made


class Certificate:
    """A certificate as handshakes use it; one that was renewed on disk is taken at once, without a restart."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._seen = self._stamp()
        self.context = self._made()

    def refresh(self) -> None:
        """Takes what is on disk if it changed; what does not fit together, or is half written, has to wait."""
        if (stamp := self._stamp()) == self._seen:
            return
        try:
            self._made()  # in a context of its own first: a wrong pair would end every handshake
            self._load(self.context)
        except (OSError, ssl.SSLError) as error:
            logger.warning("the certificate on disk cannot be used yet: %s", error)
            return
        self._seen = stamp
        logger.info("took the certificate that changed on disk")

    def _made(self) -> ssl.SSLContext:
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
            files = [Path(self._options[name]).stat() for name in ("certificate", "key")]
        except OSError:  # being replaced
            return ()
        return tuple(number for file in files for number in (file.st_mtime_ns, file.st_ino))
