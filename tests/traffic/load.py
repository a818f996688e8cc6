"""What to send, and where: pure data."""

import ssl
from dataclasses import dataclass
from functools import cache
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Load:
    """A bounded amount of traffic. The annotations are the command line's help, too."""

    url: Annotated[str, "https://name or http://name, with the path of the application if it has one"]
    connect: Annotated[str | None, "an address, instead of resolving the URL's name, or unix:/path"] = None
    ca: Annotated[str | None, "a file with the authorities to trust instead of the system's"] = None
    seconds: Annotated[float, "the traffic ends after so long, whatever happens"] = 10
    get: Annotated[int, "clients that GET on a connection they keep"] = 0
    new: Annotated[int, "clients that GET on a new connection each time"] = 0
    post: Annotated[int, "clients that POST on a connection they keep, and check the answer's checksum"] = 0
    http2: Annotated[int, "connections of HTTP/2, with GET and POST multiplexed on each"] = 0
    websocket: Annotated[int, "clients that open a WebSocket, talk, close it, and open the next"] = 0
    pause: Annotated[float, "seconds between two requests of a client, on average"] = 0.01
    timeout: Annotated[
        float, "seconds after which an answer is given up, as a failure; as long as nginx waits by default"
    ] = 60
    streams: Annotated[int, "requests at a time on each connection of HTTP/2"] = 4
    body_bytes: Annotated[int, "the length of what is POSTed"] = 4096
    get_path: Annotated[str, "what to GET: the answer must be a JSON object with a version"] = "/version"
    websocket_seconds: Annotated[float, "how long to keep a WebSocket open"] = 3

    def __post_init__(self) -> None:
        """Refuse what could not be sent or would never end."""
        if self.parts.scheme not in PORTS or not self.parts.hostname:
            raise ValueError(f"url: {self.url!r} is not like https://shop.example.com")
        if min(self.get, self.new, self.post, self.http2, self.websocket, self.pause) < 0:
            raise ValueError("get, new, post, http2, websocket and pause cannot be negative")
        if not self.clients:
            raise ValueError("no clients: give at least one of get, new, post, http2 and websocket")
        if min(self.seconds, self.timeout, self.websocket_seconds) <= 0:
            raise ValueError("seconds, timeout and websocket_seconds must be more than 0")
        if min(self.streams, self.body_bytes) < 1:
            raise ValueError("streams and body_bytes must be at least 1")

    @property
    def parts(self) -> SplitResult:
        """Return the parts of the URL."""
        return urlsplit(self.url)

    @property
    def clients(self) -> int:
        """Return how many clients run at a time, each stream of HTTP/2 being one."""
        return self.get + self.new + self.post + self.http2 * self.streams + self.websocket

    @property
    def secure(self) -> bool:
        """Return whether to speak TLS."""
        return self.parts.scheme == "https"

    @property
    def hostname(self) -> str:
        """Return the server's name, for TLS."""
        return self.parts.hostname or ""

    @property
    def authority(self) -> str:
        """Return the server's name as requests give it."""
        return self.parts.netloc

    @property
    def address(self) -> str:
        """Return where to connect to."""
        return self.connect or self.hostname

    @property
    def port(self) -> int:
        """Return where to connect to."""
        return self.parts.port or PORTS[self.parts.scheme]

    @property
    def socket(self) -> str | None:
        """Return the unix socket to connect to, if it is one."""
        return self.address.removeprefix("unix:") if self.address.startswith("unix:") else None

    def path(self, path: str) -> str:
        """Return the application's path, below the URL's own."""
        return self.parts.path.rstrip("/") + path


@cache
def tls(load: Load, protocol: str) -> ssl.SSLContext:
    """Trust the authorities, and offer one protocol: http/1.1 or h2."""
    context = ssl.create_default_context(cafile=load.ca)
    context.set_alpn_protocols([protocol])
    return context
