"""A CA of a lab's own: the pebble of Debian testing, behind a front that keeps what was asked and can refuse it.

It knows what the CA that all labs share (`acme`) is too old for: profiles, and advice on renewal that a test can set.
The front is an HTTPS proxy, this file run as a program: pebble itself has no rate limit.
"""

from __future__ import annotations

import base64
import datetime
import http.client
import json
import os
import ssl
import sys
import zlib
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BAD_NONCE = "urn:ietf:params:acme:error:badNonce"
LIMITED = "urn:ietf:params:acme:error:rateLimited"  # RFC 8555, 6.7
AGENT = {"User-Agent": "lab"}  # without one pebble answers 400
KEPT = ("Content-Type", "Location", "Link", "Replay-Nonce", "Retry-After", "Cache-Control")


@dataclass(frozen=True)
class Options:
    """How pebble behaves; a change restarts it, and it then forgets accounts and root."""

    nonce_reject: int = 5  # percent; pebble's own default
    dns: str = ""  # the name server it asks, as ADDRESS:PORT; by default that of the labs
    profiles: dict[str, int] = field(  # seconds that certificates last
        default_factory=lambda: {"classic": 90 * 86400, "tlsserver": 45 * 86400, "shortlived": 6 * 86400}
    )


@dataclass(frozen=True)
class Authority:
    """Where it is, what it was asked, and how to make it refuse."""

    folder: Path
    port: int

    @property
    def directory(self) -> str:
        from tests.lab.network import GATEWAY

        return f"https://{GATEWAY}:{self.port}/dir"

    @property
    def root(self) -> Path:
        """Return the root of the certificates that it issues, since its last start."""
        return self.folder / "root.pem"

    def orders(self, name: str) -> list[dict[str, Any]]:
        """Return what certificates for a name, and others with it, were asked for, each with the answer's status."""
        path = self.folder / "orders.jsonl"
        orders = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [order for order in orders if {"type": "dns", "value": name} in order["identifiers"]]

    def refuse_orders(self, seconds: int) -> None:
        """Answer each order as Let's Encrypt does at its limit, and ask to come back in `seconds`; 0 to stop."""
        limit = self.folder / "limit"
        limit.unlink(missing_ok=True)
        if seconds:
            limit.write_text(str(seconds))

    def advise(self, certificate: str, start: datetime.datetime, end: datetime.datetime) -> None:
        """Set when a certificate is to be renewed (ARI); a window that has passed means now."""
        window = {name: moment.strftime("%Y-%m-%dT%H:%M:%SZ") for name, moment in (("start", start), ("end", end))}
        answer = json.dumps({"suggestedWindow": window})
        self.manage("POST", "/set-renewal-info/", json.dumps({"Certificate": certificate, "ARIResponse": answer}))

    def manage(self, method: str, path: str, body: str | None = None) -> str:
        """Ask pebble's management interface."""
        from tests.lab.process import LabError

        connection = _upstream(self.port + 2)
        try:
            connection.request(method, path, body, AGENT)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise LabError(f"the lab's own CA answers {answer.status} to {path}: {text}")
        return text


def up(state_dir: Path, lab: str, options: Options) -> Authority:
    """Start it, or restart it when it runs with other options."""
    from tests.lab.acme import DNS, config, environment
    from tests.lab.packages import pebble_of_testing
    from tests.lab.process import LabError, tail, wait_for
    from tests.lab.state import ACME, read_json, read_process, start_service, write_json, write_text

    port = 16_000 + 4 * (zlib.crc32(lab.encode()) % 1000)  # for each lab: the front, pebble, its management
    authority = Authority(state_dir / "ca", port)
    folder = authority.folder
    folder.mkdir(parents=True, exist_ok=True)
    if read_process(folder / "pebble.json") and read_json(folder / "options.json") == asdict(options):
        return authority
    down(state_dir)
    profiles = {name: {"description": name, "validityPeriod": seconds} for name, seconds in options.profiles.items()}
    more = {"keyAlgorithm": "ecdsa", "profiles": profiles}
    write_text(folder / "config.json", config(port + 1, port + 2, **more))
    pebble = [str(pebble_of_testing()), "-config", str(folder / "config.json"), "-dnsserver", options.dns or DNS]
    start_service(folder / "pebble", pebble, environment(options.nonce_reject))
    start_service(
        folder / "front", [sys.executable, __file__], {"CA": str(folder), "PORT": str(port), "ACME": str(ACME)}
    )

    def answers() -> bool:
        try:
            write_text(authority.root, authority.manage("GET", "/roots/0"))
            connection = _upstream(port)
            connection.request("GET", "/dir", headers=AGENT)
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False

    if not wait_for(answers, 20, 0.1):
        logs = "".join(tail((folder / f"{name}.log").read_text(errors="replace"), 8) for name in ("pebble", "front"))
        raise LabError(f"the lab's own CA does not answer at {authority.directory}\n{logs}")
    write_json(folder / "options.json", asdict(options))
    return authority


def down(state_dir: Path) -> None:
    """End it; its logs stay until the lab goes."""
    from tests.lab.state import read_process

    for name in ("front", "pebble"):
        if process := read_process(state_dir / "ca" / f"{name}.json"):
            process.end()
    (state_dir / "ca" / "options.json").unlink(missing_ok=True)


def _upstream(port: int) -> http.client.HTTPSConnection:
    """Return a connection to a port of ours, whose certificate the labs' authority signed."""
    from tests.lab.network import GATEWAY
    from tests.lab.state import ACME

    context = ssl.create_default_context(cafile=str(ACME / "ca.pem"))
    return http.client.HTTPSConnection(GATEWAY, port, timeout=30, context=context)


class Front(BaseHTTPRequestHandler):
    """Passes everything on as it is, but for what a test wants refused."""

    protocol_version = "HTTP/1.1"
    folder = Path(os.environ.get("CA", "."))
    port = int(os.environ.get("PORT", "0"))
    orders = "/order-plz"  # pebble's

    def do_GET(self) -> None:
        """Pass on a request and its answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        limit = self.folder / "limit"
        if self.path == self.orders and limit.exists():
            self._refuse(int(limit.read_text()), body)
            return
        status, headers, text = self._ask(self.command, self.path, body)
        if self.path == self.orders and BAD_NONCE not in text.decode():  # who gets that one asks once more
            self._keep(body, status)
        self._answer(status, headers, text)

    do_HEAD = do_POST = do_GET

    def _ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, list[tuple[str, str]], bytes]:
        # With the visitor's Host, so that all addresses in answers lead back here.
        connection = _upstream(self.port + 1)
        try:
            names = ("Host", "Content-Type", "User-Agent", "Accept")
            headers = {name: self.headers[name] for name in names if name in self.headers}
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name in KEPT for value in answer.headers.get_all(name, [])]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _refuse(self, seconds: int, body: bytes) -> None:
        _, result, _ = self._ask("HEAD", "/nonce-plz")
        again = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        detail = (
            "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, "
            f"retry after {again:%Y-%m-%d %H:%M:%S} UTC: see https://ca.test/limits"
        )
        problem = {"type": LIMITED, "detail": detail, "status": 429}
        headers = [("Replay-Nonce", dict(result)["Replay-Nonce"]), ("Retry-After", str(seconds))]
        headers.append(("Content-Type", "application/problem+json"))
        self._keep(body, 429)
        self._answer(429, headers, json.dumps(problem).encode())

    def _keep(self, body: bytes, status: int) -> None:
        payload = json.loads(body)["payload"]
        order = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        with (self.folder / "orders.jsonl").open("a") as file:
            file.write(json.dumps({"at": formatdate(), "status": status, **order}) + "\n")

    def _answer(self, status: int, headers: list[tuple[str, str]], text: bytes) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(text)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.lab.network import GATEWAY

    server = ThreadingHTTPServer((GATEWAY, Front.port), Front)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(os.environ["ACME"], "leaf.pem"), Path(os.environ["ACME"], "leaf.key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
